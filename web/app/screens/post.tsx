import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { isAskedForTemperature } from '#core/words/food.ts';
import { serverAheadMs } from '../../engine/serverClock.ts';
import type { NewTap } from '../../engine/tap.ts';
import { t } from '../language/language.ts';
import { tap } from '../live.ts';
import { Amount } from '../parts/amount.tsx';
import { Choice } from '../parts/choice.tsx';
import {
  dropUnfinished,
  firstDraft,
  gramsOf,
  goodUntilMs,
  GOOD_UNTIL,
  keepForNextTime,
  keepUnfinished,
  type GoodUntil,
  type Draft,
} from '../draft.ts';
import { FoodKind, foodProblem, Note, Safety, type YesNo } from '../parts/food.tsx';
import { TakePhoto } from '../parts/photo.tsx';
import { clockTime, go, member, nowMs, timeZone } from '../state.ts';

/** What was posted last stands there already: most kitchens have the same left over each evening. */
export function PostScreen() {
  const organisationId = member.value?.organisationId ?? '';
  const [draft, setDraft] = useState(() => firstDraft(organisationId));
  const [safe, setSafe] = useState<YesNo | null>(null);
  const [photo, setPhoto] = useState<Blob | null>(null);
  const [wrong, setWrong] = useState('');
  const { sending, post } = usePosting();
  // Not when the page goes, only when the screen does; an effect after the paint would miss who leaves before it.
  useLayoutEffect(() => () => dropUnfinished(organisationId), [organisationId]);
  const change = (part: Partial<Draft>): void => {
    setWrong('');
    const next = { ...draft, ...part };
    setDraft(next);
    keepUnfinished(organisationId, next);
  };
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    // Each post is asked about anew.
    const problem = foodProblem(draft.kg, draft.storage, safe);
    setWrong(problem ?? '');
    if (problem !== null) return;
    // Until the post is kept, this form is all there is of it.
    if (!(await post(draft, photo))) return;
    keepForNextTime(organisationId, draft);
    go('');
  };
  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      <FoodKind
        category={draft.category}
        storage={draft.storage}
        chooseCategory={(category) => change({ category })}
        chooseStorage={(storage) => (change({ storage }), setSafe(null))}
      />
      <Amount kg={draft.kg} choose={(kg) => change({ kg })} />
      <Choice
        legend={t('post.until')}
        name="until"
        values={GOOD_UNTIL}
        chosen={draft.goodUntil}
        words={untilWords}
        choose={(goodUntil) => change({ goodUntil })}
      />
      <Safety
        name="safe"
        storage={draft.storage}
        question={(storage) => t(`post.question.${storage}`)}
        answer={safe}
        choose={(answer) => (setWrong(''), setSafe(answer))}
      />
      <Note note={draft.note} set={(note) => change({ note })} />
      {member.value?.photos === true && <TakePhoto photo={photo} take={setPhoto} />}
      <p role="alert">{wrong}</p>
      <button class="primary" disabled={sending}>
        {t('post.go')}
      </button>
    </form>
  );
}

function untilWords(choice: GoodUntil): string {
  const time = clockTime(goodUntilMs(choice, nowMs.value, timeZone.value));
  return choice === 'tomorrow' ? time : t('post.until.hours', { hours: choice, time });
}

type Tapped = Omit<NewTap, 'owner'>;

/** What a form comes to. Its time, its ids and so its key stay: sent again it is the same post. */
interface Posting {
  readonly draft: Draft;
  readonly photo: Blob | null;
  readonly post: Tapped;
  /** null: there is none, or it is kept or done */
  picture: Tapped | null;
}

function usePosting() {
  const [sending, setSending] = useState(false);
  const last = useRef<Posting | null>(null);
  /** @returns false: it is neither kept nor done */
  const post = async (draft: Draft, photo: Blob | null): Promise<boolean> => {
    const same = last.current?.draft === draft && last.current.photo === photo ? last.current : null;
    const posting = same ?? postingOf(draft, photo);
    last.current = posting;
    setSending(true);
    // Beside the post, and sent after it: food never waits for its picture.
    if (posting.picture !== null)
      void tap(posting.picture).then((became) => {
        if (became === 'done') posting.picture = null;
      });
    const became = await tap(posting.post);
    setSending(false);
    if (became === 'refused') last.current = null;
    return became === 'done';
  };
  return { sending, post };
}

function postingOf(draft: Draft, photo: Blob | null): Posting {
  const { category, storage, note } = draft;
  const photoId = crypto.randomUUID();
  const body = {
    category,
    storage,
    quantityGrams: gramsOf(draft.kg),
    safeUntil: new Date(goodUntilMs(draft.goodUntil, nowMs.value, timeZone.value)).toISOString(),
    ...(isAskedForTemperature(storage) ? { temperature: 'checked' } : {}),
    ...(photo === null ? {} : { photo: photoId }),
    ...(note.trim() === '' ? {} : { note: note.trim() }),
  };
  // So many hours from now, by whichever clock; ten o'clock tomorrow is a time by itself.
  const isByOwnClock = serverAheadMs() === null && draft.goodUntil !== 'tomorrow';
  return {
    draft,
    photo,
    post: {
      kind: 'post',
      subject: `post:${crypto.randomUUID()}`,
      method: 'POST',
      path: '/v1/surplus',
      body,
      ...(isByOwnClock ? { ownTime: 'safeUntil' } : {}),
    },
    picture: photo === null ? null : pictureOf(photoId, photo),
  };
}

function pictureOf(photoId: string, photo: Blob): Tapped {
  return { kind: 'photo', subject: `photo:${photoId}`, method: 'PUT', path: `/v1/photos/${photoId}`, body: photo };
}

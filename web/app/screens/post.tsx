import { useState } from 'preact/hooks';
import { CATEGORIES, isAskedForTemperature, MAX_GRAMS, STORAGES } from '#core/words/food.ts';
import { t } from '../language/language.ts';
import { tap } from '../live.ts';
import { Amount } from '../parts/amount.tsx';
import { categoryName } from '../parts/offerFacts.tsx';
import { Choice } from '../parts/choice.tsx';
import {
  fromLastTime,
  gramsOf,
  goodUntilMs,
  GOOD_UNTIL,
  keepForNextTime,
  type GoodUntil,
  type Draft,
} from '../draft.ts';
import { TakePhoto } from '../parts/photo.tsx';
import { clockTime, go, member, nowMs, timeZone } from '../state.ts';

const ANSWERS = ['yes', 'no'] as const;

/** What was posted last stands there already: most kitchens have the same left over each evening. */
export function PostScreen() {
  const [draft, setDraft] = useState(fromLastTime);
  const [safe, setSafe] = useState<'yes' | 'no' | null>(null);
  const [photo, setPhoto] = useState<Blob | null>(null);
  const [wrong, setWrong] = useState('');
  const change = (part: Partial<Draft>): void => {
    setWrong('');
    setDraft({ ...draft, ...part });
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    const problem = problemOf(draft, safe);
    setWrong(problem ?? '');
    if (problem !== null) return;
    post(draft, photo);
    go('');
  };
  return (
    <form onSubmit={submit} noValidate>
      <Choice
        legend={t('post.what')}
        name="category"
        values={CATEGORIES}
        chosen={draft.category}
        words={categoryName}
        choose={(category) => change({ category })}
      />
      <Choice
        legend={t('post.storage')}
        name="storage"
        values={STORAGES}
        chosen={draft.storage}
        words={(storage) => t(`storage.${storage}`)}
        choose={(storage) => (change({ storage }), setSafe(null))}
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
      <Safety storage={draft.storage} safe={safe} choose={(answer) => (setWrong(''), setSafe(answer))} />
      <label for="note">{t('post.note')}</label>
      <textarea
        id="note"
        rows={2}
        maxLength={500}
        placeholder={t('post.note.hint')}
        value={draft.note}
        onInput={(event) => change({ note: event.currentTarget.value })}
      />
      {member.value?.photos === true && <TakePhoto photo={photo} take={setPhoto} />}
      <p role="alert">{wrong}</p>
      <button class="primary">{t('post.go')}</button>
    </form>
  );
}

interface SafetyProps {
  readonly storage: Draft['storage'];
  readonly safe: 'yes' | 'no' | null;
  readonly choose: (answer: 'yes' | 'no') => void;
}

/** Hot and chilled food spoils people, not only itself: each post is asked about anew. */
function Safety({ storage, safe, choose }: SafetyProps) {
  if (storage !== 'hot' && storage !== 'chilled') return null;
  return (
    <>
      <Choice
        legend={`${t('post.question')}: ${t(`post.question.${storage}`)}`}
        name="safe"
        values={ANSWERS}
        chosen={safe}
        words={(answer) => t(`post.${answer}`)}
        choose={choose}
      />
      {safe === 'no' && <p class="tap refused">{t(`post.unsafe.${storage}`)}</p>}
    </>
  );
}

function untilWords(choice: GoodUntil): string {
  const time = clockTime(goodUntilMs(choice, nowMs.value, timeZone.value));
  return choice === 'tomorrow' ? time : t('post.until.hours', { hours: choice, time });
}

/** null: it may be posted */
function problemOf({ kg, storage }: Draft, safe: 'yes' | 'no' | null): string | null {
  if (gramsOf(kg) === null) return t('post.amount.wrong', { most: MAX_GRAMS / 1000 });
  if (storage !== 'hot' && storage !== 'chilled') return null;
  if (safe === 'no') return t(`post.unsafe.${storage}`);
  return safe === null ? t('post.answer') : null;
}

function post(draft: Draft, photo: Blob | null): void {
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
  keepForNextTime(draft);
  // Beside the post, not before it: food never waits for its picture.
  if (photo !== null) {
    const path = `/v1/photos/${photoId}`;
    void tap({ kind: 'photo', subject: `photo:${photoId}`, method: 'PUT', path, body: photo });
  }
  void tap({ kind: 'post', subject: `post:${crypto.randomUUID()}`, method: 'POST', path: '/v1/surplus', body });
}

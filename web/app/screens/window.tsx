import { useEffect, useState } from 'preact/hooks';
import { CATEGORIES, isAskedForTemperature, MAX_GRAMS, STORAGES } from '#core/words/food.ts';
import { gramsOf } from '../draft.ts';
import { t } from '../language/language.ts';
import { tap } from '../live.ts';
import { Amount } from '../parts/amount.tsx';
import { Choice } from '../parts/choice.tsx';
import { categoryName } from '../parts/offerFacts.tsx';
import { subjectOf } from '../parts/windowLine.tsx';
import { go } from '../state.ts';
import { bodyOf, draftOf, GOOD_HOURS, WEEKDAYS, weekdayName, windows, type WindowDraft } from '../windows.ts';

/** One recurring post, to add or to change. @param id empty: a new one */
export function WindowScreen({ id }: { readonly id: string }) {
  useEffect(() => void (windows.value.peek() === null && windows.refresh()), []);
  const window = windows.value.value?.find((each) => each.id === id);
  if (id !== '' && windows.value.value === null) return <p>{t('app.loading')}</p>;
  return (
    <>
      <p>
        <a class="button" href="#/windows">
          {t('app.back')}
        </a>
      </p>
      <Form key={window?.id} first={draftOf(window)} id={window?.id ?? null} />
    </>
  );
}

function save(id: string, draft: WindowDraft): void {
  const body = bodyOf(draft, isAskedForTemperature(draft.storage));
  void tap({ kind: 'window-save', subject: subjectOf(id), method: 'PUT', path: `/v1/windows/${id}`, body });
  go('windows');
}

function Form({ first, id }: { readonly first: WindowDraft; readonly id: string | null }) {
  const [draft, setDraft] = useState(first);
  const [wrong, setWrong] = useState('');
  const change = (part: Partial<WindowDraft>): void => {
    setWrong('');
    setDraft({ ...draft, ...part });
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    const problem = problemOf(draft);
    setWrong(problem ?? '');
    if (problem === null) save(id ?? crypto.randomUUID(), draft);
  };
  return (
    <>
      <form onSubmit={submit} noValidate>
        <When draft={draft} change={change} />
        <What draft={draft} change={change} />
        <p role="alert">{wrong}</p>
        <button class="primary">{t('window.save')}</button>
      </form>
      {id !== null && <PauseOrRemove id={id} first={first} />}
    </>
  );
}

interface PartProps {
  readonly draft: WindowDraft;
  readonly change: (part: Partial<WindowDraft>) => void;
}

function When({ draft, change }: PartProps) {
  const toggle = (day: number): void => {
    const rest = draft.weekdays.filter((each) => each !== day);
    change({ weekdays: rest.length < draft.weekdays.length ? rest : [...rest, day].sort() });
  };
  return (
    <>
      <label for="time">{t('window.time')}</label>
      <input
        id="time"
        type="time"
        value={draft.timeOfDay}
        onInput={(event) => change({ timeOfDay: event.currentTarget.value })}
      />
      <fieldset class="choice">
        <legend>{t('window.days')}</legend>
        <div class="row">
          {WEEKDAYS.map((day) => (
            <label key={day}>
              <input type="checkbox" checked={draft.weekdays.includes(day)} onChange={() => toggle(day)} />
              <span>{weekdayName(day)}</span>
            </label>
          ))}
        </div>
      </fieldset>
    </>
  );
}

function What({ draft, change }: PartProps) {
  const hours: readonly string[] = GOOD_HOURS;
  return (
    <>
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
        choose={(storage) => change({ storage, promised: null })}
      />
      <Promise draft={draft} change={change} />
      <Amount kg={draft.kg} choose={(kg) => change({ kg })} />
      <Choice
        legend={t('window.good')}
        name="good"
        values={hours.includes(draft.goodHours) ? hours : [...hours, draft.goodHours]}
        chosen={draft.goodHours}
        words={(each) => t('window.good.hours', { hours: Number(each) })}
        choose={(goodHours) => change({ goodHours })}
      />
      <label for="note">{t('post.note')}</label>
      <textarea
        id="note"
        rows={2}
        maxLength={500}
        placeholder={t('post.note.hint')}
        value={draft.note}
        onInput={(event) => change({ note: event.currentTarget.value })}
      />
    </>
  );
}

/** Nobody measures when it posts by itself: the recipient is told that it is a promise, and measures at the door. */
function Promise({ draft, change }: PartProps) {
  const { storage, promised } = draft;
  if (storage !== 'hot' && storage !== 'chilled') return null;
  return (
    <>
      <Choice
        legend={`${t('post.question')}: ${t(`window.promise.${storage}`)}`}
        name="promised"
        values={['yes', 'no'] as const}
        chosen={promised}
        words={(answer) => t(`post.${answer}`)}
        choose={(answer) => change({ promised: answer })}
      />
      {promised === 'no' && <p class="tap refused">{t(`post.unsafe.${storage}`)}</p>}
    </>
  );
}

/** null: it may be saved */
function problemOf({ timeOfDay, weekdays, kg, storage, promised }: WindowDraft): string | null {
  if (!/^\d{2}:\d{2}$/.test(timeOfDay)) return t('window.time.wrong');
  if (weekdays.length === 0) return t('window.days.none');
  if (gramsOf(kg) === null) return t('post.amount.wrong', { most: MAX_GRAMS / 1000 });
  if (storage !== 'hot' && storage !== 'chilled') return null;
  if (promised === 'no') return t(`post.unsafe.${storage}`);
  return promised === null ? t('post.answer') : null;
}

function PauseOrRemove({ id, first }: { readonly id: string; readonly first: WindowDraft }) {
  const [sure, setSure] = useState(false);
  const remove = (): void => {
    const path = `/v1/windows/${id}`;
    void tap({ kind: 'window-remove', subject: subjectOf(id), method: 'DELETE', path, body: null });
    go('windows');
  };
  return (
    <fieldset>
      {sure && <legend>{t('window.remove.sure')}</legend>}
      <div class="row">
        {!sure && (
          <button onClick={() => save(id, { ...first, paused: !first.paused })}>
            {t(first.paused ? 'window.resume' : 'window.pause')}
          </button>
        )}
        {!sure && <button onClick={() => setSure(true)}>{t('window.remove')}</button>}
        {sure && <button onClick={remove}>{t('window.remove.go')}</button>}
        {sure && <button onClick={() => setSure(false)}>{t('food.keep')}</button>}
      </div>
    </fieldset>
  );
}

import { useEffect, useState } from 'preact/hooks';
import { isAskedForTemperature } from '#core/words/food.ts';
import { t } from '../language/language.ts';
import { tap } from '../live.ts';
import { Amount } from '../parts/amount.tsx';
import { Back } from '../parts/back.tsx';
import { Choice } from '../parts/choice.tsx';
import { FoodKind, foodProblem, Note, Safety } from '../parts/food.tsx';
import { Several } from '../parts/several.tsx';
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
      <Back to="windows" />
      <Form key={window?.id} first={draftOf(window)} id={window?.id ?? null} />
    </>
  );
}

async function save(id: string, draft: WindowDraft): Promise<void> {
  const body = bodyOf(draft, isAskedForTemperature(draft.storage));
  const path = `/v1/windows/${id}`;
  // Until it is kept, the form is all there is of it.
  const became = await tap({ kind: 'window-save', subject: subjectOf(id), method: 'PUT', path, body });
  if (became === 'done') go('windows');
}

function Form({ first, id }: { readonly first: WindowDraft; readonly id: string | null }) {
  const [draft, setDraft] = useState(first);
  const [wrong, setWrong] = useState('');
  const [sending, setSending] = useState(false);
  // Of a new one too: however often it is saved, it is one.
  const [ownId] = useState(() => id ?? crypto.randomUUID());
  const change = (part: Partial<WindowDraft>): void => {
    setWrong('');
    setDraft({ ...draft, ...part });
  };
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const problem = problemOf(draft);
    setWrong(problem ?? '');
    if (problem !== null) return;
    setSending(true);
    await save(ownId, draft);
    setSending(false);
  };
  return (
    <>
      <form onSubmit={(event) => void submit(event)} noValidate>
        <When draft={draft} change={change} />
        <What draft={draft} change={change} />
        <p role="alert">{wrong}</p>
        <button class="primary" disabled={sending}>
          {t('window.save')}
        </button>
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
  return (
    <>
      <label for="time">{t('window.time')}</label>
      <input
        id="time"
        type="time"
        value={draft.timeOfDay}
        onInput={(event) => change({ timeOfDay: event.currentTarget.value })}
      />
      <Several
        legend={t('window.days')}
        all={WEEKDAYS}
        chosen={draft.weekdays}
        words={(day) => weekdayName(day)}
        set={(weekdays) => change({ weekdays })}
      />
    </>
  );
}

/** Nobody measures when it posts by itself: the recipient is told that it is a promise, and measures at the door. */
function What({ draft, change }: PartProps) {
  const hours: readonly string[] = GOOD_HOURS;
  return (
    <>
      <FoodKind
        category={draft.category}
        storage={draft.storage}
        chooseCategory={(category) => change({ category })}
        chooseStorage={(storage) => change({ storage, promised: null })}
      />
      <Safety
        name="promised"
        storage={draft.storage}
        question={(storage) => t(`window.promise.${storage}`)}
        answer={draft.promised}
        choose={(promised) => change({ promised })}
      />
      <Amount kg={draft.kg} choose={(kg) => change({ kg })} />
      <Choice
        legend={t('window.good')}
        name="good"
        values={hours.includes(draft.goodHours) ? hours : [...hours, draft.goodHours]}
        chosen={draft.goodHours}
        words={(each) => t('window.good.hours', { hours: Number(each) })}
        choose={(goodHours) => change({ goodHours })}
      />
      <Note note={draft.note} set={(note) => change({ note })} />
    </>
  );
}

/** null: it may be saved */
function problemOf({ timeOfDay, weekdays, kg, storage, promised }: WindowDraft): string | null {
  if (!/^\d{2}:\d{2}$/.test(timeOfDay)) return t('window.time.wrong');
  if (weekdays.length === 0) return t('window.days.none');
  return foodProblem(kg, storage, promised);
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
          <button onClick={() => void save(id, { ...first, paused: !first.paused })}>
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

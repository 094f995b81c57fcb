import { useEffect, useState } from 'preact/hooks';
import type { WeeklyHours } from '#core/matching/hours.ts';
import { CATEGORIES, STORAGES, type Category, type Storage } from '#core/words/food.ts';
import { authorized, read } from '../../engine/api.ts';
import { t } from '../language/language.ts';
import { categoryName } from '../parts/offerFacts.tsx';
import { Several } from '../parts/several.tsx';
import { WeekHours } from '../parts/weekHours.tsx';
import { member } from '../state.ts';
import { daysOf, hoursOf, overlappingDay, type DayHours } from '../weekHours.ts';
import { weekdayName } from '../windows.ts';

interface Recipient {
  readonly version: number;
  readonly active: boolean;
  readonly pausedByOperator: boolean;
  readonly categories: readonly Category[];
  readonly storages: readonly Storage[];
  readonly needs: Partial<Record<Category, number>>;
  readonly hours: WeeklyHours;
  readonly capacityGrams: number;
  readonly dailyCapacityGrams: number;
}

interface Draft {
  readonly active: boolean;
  readonly categories: readonly Category[];
  readonly storages: readonly Storage[];
  readonly wanted: readonly Category[];
  readonly capacityKg: string;
  readonly dailyKg: string;
  readonly days: readonly DayHours[];
}

function draftOf(recipient: Recipient): Draft {
  const { active, categories, storages, needs, hours, capacityGrams, dailyCapacityGrams } = recipient;
  return {
    active,
    categories,
    storages,
    wanted: CATEGORIES.filter((each) => (needs[each] ?? 0) > 0),
    capacityKg: String(capacityGrams / 1_000),
    dailyKg: String(dailyCapacityGrams / 1_000),
    days: daysOf(hours),
  };
}

/** What is not changed is not sent: its source and its finer weights stay. */
function changesOf(draft: Draft, recipient: Recipient): Record<string, unknown> {
  const before = draftOf(recipient);
  const same = (name: keyof Draft): boolean => JSON.stringify(draft[name]) === JSON.stringify(before[name]);
  const needs = Object.fromEntries(draft.wanted.map((each) => [each, recipient.needs[each] ?? 1]));
  return {
    ...(same('active') ? {} : { active: draft.active }),
    ...(same('categories') ? {} : { categories: draft.categories }),
    ...(same('storages') ? {} : { storages: draft.storages }),
    ...(same('wanted') ? {} : { needs }),
    ...(same('capacityKg') ? {} : { capacityGrams: gramsOf(draft.capacityKg) }),
    ...(same('dailyKg') ? {} : { dailyCapacityGrams: gramsOf(draft.dailyKg) }),
    ...(same('days') ? {} : { hours: hoursOf(draft.days) }),
  };
}

function gramsOf(kg: string): number {
  return Math.round(Number(kg.replace(',', '.')) * 1_000);
}

const MOST_GRAMS = 1_000_000_000;
const isAmount = (kg: string): boolean => kg.trim() !== '' && gramsOf(kg) >= 0 && gramsOf(kg) <= MOST_GRAMS;

/** What a recipient needs, can take and when: by this it is offered food. */
export function Profile() {
  const [kept, setKept] = useState<Recipient | null>(null);
  const [draft, setDraft] = useState<Draft | null>(null);
  const [told, setTold] = useState<{ readonly role: 'status' | 'alert'; readonly text: string } | null>(null);
  const path = `/v1/recipients/${member.value?.organisationId ?? ''}`;
  const take = (recipient: Recipient): void => {
    setKept(recipient);
    setDraft(draftOf(recipient));
  };
  useEffect(() => {
    read<Recipient>(path).then(take, () => setTold({ role: 'alert', text: t('app.failed.once') }));
  }, [path]);
  if (kept === null || draft === null) return <p role={told?.role}>{told?.text ?? t('app.loading')}</p>;
  const change = (part: Partial<Draft>): void => {
    setDraft({ ...draft, ...part });
    setTold(null);
  };
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    setTold(await send(path, draft, kept, take));
  };
  return (
    <form onSubmit={(event) => void save(event)} noValidate>
      <Taking draft={draft} kept={kept} change={change} />
      <Amount
        id="capacity"
        words={t('profile.capacity')}
        kg={draft.capacityKg}
        set={(kg) => change({ capacityKg: kg })}
      />
      <Amount id="daily" words={t('profile.daily')} kg={draft.dailyKg} set={(kg) => change({ dailyKg: kg })} />
      <h2 class="part">{t('profile.hours')}</h2>
      <WeekHours days={draft.days} change={(days) => change({ days })} />
      <p role="alert">{told?.role === 'alert' ? told.text : ''}</p>
      <p role="status">{told?.role === 'status' ? told.text : ''}</p>
      <button class="primary">{t('profile.save')}</button>
    </form>
  );
}

async function send(path: string, draft: Draft, kept: Recipient, take: (now: Recipient) => void) {
  const alert = (text: string) => ({ role: 'alert' as const, text });
  if (!isAmount(draft.capacityKg) || !isAmount(draft.dailyKg)) return alert(t('profile.amount.wrong'));
  if (draft.categories.length === 0 || draft.storages.length === 0) return alert(t('profile.nothing'));
  const body = changesOf(draft, kept);
  const overlapping = 'hours' in body ? overlappingDay(draft.days) : null;
  if (overlapping !== null) return alert(t('profile.hours.overlap', { day: weekdayName(overlapping + 1, 'long') }));
  if (Object.keys(body).length === 0) return { role: 'status' as const, text: t('profile.saved') };
  const answer = await authorized<Recipient>('PATCH', path, { body, ifVersion: kept.version }).catch(() => null);
  if (answer === null) return alert(t('app.failed.once'));
  if (answer.status === 412) {
    take(await read<Recipient>(path));
    return alert(t('refused.stale-version'));
  }
  if (!answer.ok) return alert(t('refused.other', { detail: answer.detail }));
  take(answer.body);
  return { role: 'status' as const, text: t('profile.saved') };
}

interface TakingProps {
  readonly draft: Draft;
  readonly kept: Recipient;
  readonly change: (part: Partial<Draft>) => void;
}

function Taking({ draft, kept, change }: TakingProps) {
  return (
    <>
      {kept.pausedByOperator ? (
        <p>{t('profile.paused.operator')}</p>
      ) : (
        <Several
          legend={t('profile.active')}
          all={['active'] as const}
          chosen={draft.active ? ['active'] : []}
          words={() => t('profile.active.yes')}
          set={(chosen) => change({ active: chosen.length > 0 })}
        />
      )}
      <Several
        legend={t('profile.categories')}
        all={CATEGORIES}
        chosen={draft.categories}
        words={categoryName}
        set={(categories) => change({ categories, wanted: draft.wanted.filter((each) => categories.includes(each)) })}
      />
      <Several
        legend={t('profile.needs')}
        all={draft.categories}
        chosen={draft.wanted}
        words={categoryName}
        set={(wanted) => change({ wanted })}
      />
      <Several
        legend={t('profile.storages')}
        all={STORAGES}
        chosen={draft.storages}
        words={(each) => t(`storage.${each}`)}
        set={(storages) => change({ storages })}
      />
    </>
  );
}

interface AmountProps {
  readonly id: string;
  readonly words: string;
  readonly kg: string;
  readonly set: (kg: string) => void;
}

function Amount({ id, words, kg, set }: AmountProps) {
  return (
    <>
      <label for={id}>{words}</label>
      <input
        id={id}
        inputMode="decimal"
        value={kg}
        aria-invalid={!isAmount(kg)}
        onInput={(event) => set(event.currentTarget.value)}
      />
    </>
  );
}

import { LOT_STATES } from '#core/lots/lot.ts';
import { read } from '../../engine/api.ts';
import { kilograms } from '../language/amounts.ts';
import { t } from '../language/language.ts';
import { Bars } from '../parts/bars.tsx';
import { hourOf } from '../state.ts';
import { Back } from '../parts/back.tsx';
import { useSeen } from '../useSeen.ts';

interface Hour {
  readonly from: string;
  readonly postedGrams: number;
  readonly collectedGrams: number;
  readonly lostGrams: number;
}
interface Figures {
  readonly hours: readonly Hour[];
  readonly lots: Readonly<Record<string, number>>;
  readonly deadLetteredLots: number;
  readonly overdueLots: number;
}

async function readFigures(): Promise<Figures> {
  const [hours, stats] = await Promise.all([
    read<{ readonly items: readonly Hour[] }>('/v1/oversight/hours'),
    read<Omit<Figures, 'hours'>>('/v1/stats'),
  ]);
  return { ...stats, hours: hours.items };
}

/** How the last day went, hour by hour, and what is open now. */
export function Today() {
  const figures = useSeen('today', readFigures);
  const seen = figures.value.value;
  return (
    <>
      <Back />
      {seen === null ? <p>{figures.failed.value ? t('app.failed') : t('app.loading')}</p> : <Plots seen={seen} />}
    </>
  );
}

function Plots({ seen }: { readonly seen: Figures }) {
  const labels = seen.hours.map(({ from }) => hourOf(from));
  const plot = (title: string, field: 'postedGrams' | 'collectedGrams' | 'lostGrams') => (
    <Bars title={title} labels={labels} values={seen.hours.map((hour) => hour[field])} say={kilograms} />
  );
  return (
    <>
      <p class="lead">{t('today.how')}</p>
      {plot(t('today.posted'), 'postedGrams')}
      {plot(t('today.collected'), 'collectedGrams')}
      {plot(t('today.lost'), 'lostGrams')}
      <h2 class="part">{t('today.lots')}</h2>
      <ul class="facts">
        {LOT_STATES.map((state) => (
          <li key={state}>
            {t(`state.lot.${state}`)}: {t('today.count', { count: seen.lots[state] ?? 0 })}
          </li>
        ))}
      </ul>
      {seen.overdueLots > 0 && <p>{t('today.overdue', { count: seen.overdueLots })}</p>}
    </>
  );
}

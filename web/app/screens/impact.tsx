import type { ImpactFactors } from '#core/words/impact.ts';
import { read } from '../../engine/api.ts';
import { t } from '../language/language.ts';
import type { Offer } from '../lists.ts';
import type { Page } from '../pages.ts';
import { ImpactHow, ImpactSums } from '../parts/impactSums.tsx';
import { OfferTitle } from '../parts/offerFacts.tsx';
import { clockTime, member } from '../state.ts';
import { useSeen } from '../useSeen.ts';

interface ImpactSeen {
  readonly collectedGrams: number;
  readonly lastMonthGrams: number;
  readonly handovers: number;
  readonly factors: ImpactFactors;
}
interface History {
  readonly impact: ImpactSeen;
  readonly past: readonly Offer[];
}

const LISTED = 100;

async function readHistory(): Promise<History> {
  const id = member.peek()?.organisationId ?? '';
  const [impact, offers] = await Promise.all([
    read<ImpactSeen>(`/v1/recipients/${id}/impact`),
    read<Page<Offer>>(`/v1/offers?limit=${String(LISTED)}`),
  ]);
  const past = offers.items.filter(({ state }) => state !== 'open' && state !== 'claimed');
  return { impact, past };
}

/** What was collected so far, what it comes to, and what was offered. */
export function ImpactScreen() {
  const history = useSeen('history', readHistory);
  const seen = history.value.value;
  if (seen === null) return <p>{history.failed.value ? t('app.failed') : t('app.loading')}</p>;
  const { collectedGrams, lastMonthGrams, handovers, factors } = seen.impact;
  return (
    <>
      <p class="lead">{t('impact.handovers', { count: handovers })}</p>
      <ImpactSums title={t('impact.all')} grams={collectedGrams} factors={factors} />
      <ImpactSums title={t('impact.month')} grams={lastMonthGrams} factors={factors} />
      <ImpactHow factors={factors} />
      <h2 class="part">{t('impact.history')}</h2>
      {seen.past.length === 0 && <p>{t('impact.none')}</p>}
      {seen.past.map((offer) => (
        <article class="card line" key={offer.id}>
          <OfferTitle offer={offer} />
          <p>
            <strong>{t(`state.offer.${offer.state as 'collected'}`)}</strong> ·{' '}
            {clockTime(offer.answeredAt ?? offer.offeredAt)}
          </p>
        </article>
      ))}
    </>
  );
}

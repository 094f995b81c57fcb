import type { Reason } from '#core/lots/lot.ts';
import type { OfferView } from '#core/lots/view.ts';
import { distance, kilograms } from '../language/amounts.ts';
import { t, word } from '../language/language.ts';
import { clockTime } from '../state.ts';
import { categoryName } from './offerFacts.tsx';

/** Who was asked for a lot, what became of it, and why it was them: for operators. */
export function Asked({ offers }: { readonly offers: readonly OfferView[] }) {
  if (offers.length === 0) return null;
  return (
    <>
      <h2 class="part">{t('lot.tried')}</h2>
      <ol class="steps">
        {offers.map((offer) => (
          <li key={offer.id}>
            <strong>{offer.recipientName}</strong>: {word('asked', offer.state, 'asked.open')}
            <br />
            {t('lot.tried.line', { kg: kilograms(offer.quantityGrams), time: clockTime(offer.offeredAt) })}
            <span class="small block">{offer.reasons.map(becauseOf).join(' · ')}</span>
          </li>
        ))}
      </ol>
    </>
  );
}

/** As whyOf, of somebody else. */
function becauseOf(reason: Reason): string {
  const number = (name: string): number => Number(reason[name] ?? 0);
  switch (reason.code) {
    case 'distance':
      return t('because.distance', { distance: distance(number('distanceMeters')) });
    case 'hours': {
      const until = reason['openUntil'];
      return until === undefined ? t('because.hours.always') : t('because.hours', { time: clockTime(until) });
    }
    case 'share':
      return t('because.share', { place: number('place'), of: number('of') });
    case 'need':
      return t('because.need', { category: categoryName(String(reason['category'])) });
    case 'capacity':
      return t('because.capacity', { kg: kilograms(number('freeGrams')) });
    case 'urgency':
      return t('because.urgency', { minutes: number('slackMinutes') });
    case 'fallback':
      return t('because.fallback');
    case 'assigned':
      return t('because.assigned');
  }
}

/** What stands beside a step: who steered and why, who was left out, or a reason as it was tapped. */
export function detailOf(reason: string, detail: string): string {
  const told = parsed(detail);
  if (told === null) return detail;
  if (reason !== 'no-candidate') return t('lot.by', { by: String(told['by']), why: String(told['why']) });
  const left = Object.entries(told).map(([because, count]) =>
    word('leftout', because, 'leftout.nobody', { count: Number(count) }),
  );
  return left.length === 0 ? t('leftout.nobody') : left.join(' · ');
}

function parsed(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

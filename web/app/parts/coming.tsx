import type { SurplusView } from '#core/lots/view.ts';
import { t } from '../language/language.ts';
import { clockTime } from '../state.ts';
import { minutesOf } from './offerFacts.tsx';

/** Who comes for a lot, or is being asked. */
export function Coming({ surplus }: { readonly surplus: SurplusView }) {
  const { offer, state } = surplus;
  if (state === 'rematching' || state === 'posted') return <p>{t('food.who.nobody')}</p>;
  if (offer === null) return null;
  const name = offer.recipientName;
  if (offer.state === 'open') return <p>{t('food.who.asked', { name, time: clockTime(offer.deadline) })}</p>;
  if (offer.state !== 'claimed') return null;
  const time = clockTime(offer.pickupBy ?? surplus.safeUntil);
  return (
    <p>
      <strong>{t('food.who', { name })}</strong> {t('food.who.far', { minutes: minutesOf(offer.travelSeconds), time })}
    </p>
  );
}

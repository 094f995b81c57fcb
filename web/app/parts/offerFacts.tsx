import type { Reason } from '#core/lots/lot.ts';
import { isAskedForTemperature, type Category, type Storage } from '#core/words/food.ts';
import { kilograms, distance } from '../language/amounts.ts';
import type { MessageKey } from '../language/en.ts';
import { t, word } from '../language/language.ts';
import type { Offer } from '../lists.ts';
import { clockTime } from '../state.ts';
import { Photo } from './photo.tsx';

/** What, how much, how far, until when; food safety; why it was offered to you. */
export function OfferFacts({ offer }: { readonly offer: Offer }) {
  const { surplus } = offer;
  return (
    <>
      <OfferTitle offer={offer} />
      <ul class="facts">
        <li>{howFar(offer)}</li>
        <li>{t('offer.ready', { time: clockTime(surplus.readyFrom) })}</li>
        <li>
          <strong>{t('offer.safe', { time: clockTime(surplus.safeUntil) })}</strong>
        </li>
      </ul>
      {surplus.photo != null && <Photo lotId={surplus.id} />}
      <h3>{t('offer.safety')}</h3>
      <p>
        {t(`storage.${surplus.storage}` as MessageKey)}. {t(`safety.${surplus.storage}` as MessageKey)}
      </p>
      {isAskedForTemperature(surplus.storage as Storage) && <p>{saidOf(surplus)}</p>}
      {surplus.note != null && (
        <>
          <h3>{t('offer.note')}</h3>
          <p>{surplus.note}</p>
        </>
      )}
      <details>
        <summary>{t('offer.why')}</summary>
        <ul class="facts">
          {offer.reasons.map((reason) => (
            <li key={reason.code}>{whyOf(reason)}</li>
          ))}
        </ul>
      </details>
    </>
  );
}

/** What the donor answered; an older server or post says nothing. */
function saidOf({ temperature, storage }: Offer['surplus']): string {
  if (temperature == null) return t('temperature.none');
  return t(`temperature.${temperature}.${storage as 'hot' | 'chilled'}`);
}

export function OfferTitle({ offer }: { readonly offer: Offer }) {
  const { category, servings } = offer.surplus;
  return (
    <h2>
      {t('food.amount', { kg: kilograms(offer.quantityGrams), category: categoryName(category) })}
      {servings !== null && ` (${t('amount.servings', { count: servings })})`}
    </h2>
  );
}

export function categoryName(category: string): string {
  return t(`category.${category as Category}`);
}

function howFar(offer: Offer): string {
  const values = { distance: distance(offer.distanceMeters), minutes: minutesOf(offer.travelSeconds) };
  return t(offer.travelSource === 'route' ? 'offer.far' : 'offer.far.estimate', values);
}

export function minutesOf(seconds: number): number {
  return Math.max(1, Math.round(seconds / 60));
}

/** The server's reasons are data: said here in the reader's language. */
function whyOf(reason: Reason): string {
  const number = (name: string): number => Number(reason[name] ?? 0);
  switch (reason.code) {
    case 'distance':
      return word('why.distance', String(reason['mode']), 'why.distance.bicycle', {
        km: distance(number('distanceMeters')),
      });
    case 'hours': {
      const until = reason['openUntil'];
      return until === undefined ? t('why.hours.always') : t('why.hours', { time: clockTime(until) });
    }
    case 'share':
      return t('why.share', { place: number('place'), of: number('of') });
    case 'need':
      return t('why.need', { category: categoryName(String(reason['category'])) });
    case 'capacity':
      return t('why.capacity', { kg: kilograms(number('freeGrams')) });
    case 'urgency':
      return t('why.urgency', { minutes: number('slackMinutes') });
    case 'fallback':
      return t('why.fallback');
    case 'assigned':
      return t('why.assigned');
  }
}

import { t } from '../language/language.ts';
import { offers, type Offer } from '../lists.ts';
import { Countdown } from '../parts/countdown.tsx';
import { OfferAnswer } from '../parts/offerAnswer.tsx';
import { OfferFacts, OfferTitle } from '../parts/offerFacts.tsx';
import { isPending, TapStates } from '../parts/tapState.tsx';
import { clockTime } from '../state.ts';

export function RecipientHome() {
  const all = offers.value.value;
  if (all === null) return <p>{t('app.loading')}</p>;
  const open = all.filter((offer) => offer.state === 'open');
  const claimed = all.filter((offer) => offer.state === 'claimed');
  const past = all.filter((offer) => offer.state !== 'open' && offer.state !== 'claimed').slice(0, 10);
  return (
    <>
      <p class="lead" role="status">
        {t('offer.new.count', { count: open.length })}
      </p>
      {open.length === 0 && claimed.length === 0 && <p>{t('offer.empty')}</p>}
      {open.map((offer) => (
        <OpenOffer key={offer.id} offer={offer} />
      ))}
      {claimed.length > 0 && <h2 class="part">{t('offer.claimed.title')}</h2>}
      {claimed.map((offer) => (
        <OfferLine key={offer.id} offer={offer} />
      ))}
      {past.length > 0 && <h2 class="part">{t('offer.past.title')}</h2>}
      {past.map((offer) => (
        <OfferLine key={offer.id} offer={offer} />
      ))}
    </>
  );
}

export function OpenOffer({ offer }: { readonly offer: Offer }) {
  return (
    <article class="card">
      {offer.fallback ? <p>{t('offer.fallback')}</p> : <Countdown until={offer.deadline} />}
      <OfferFacts offer={offer} />
      <TapStates subject={offer.id} />
      {!isPending(offer.id, offers.atMs.value) && <OfferAnswer offer={offer} />}
    </article>
  );
}

function OfferLine({ offer }: { readonly offer: Offer }) {
  return (
    <article class="card line">
      <OfferTitle offer={offer} />
      <p>
        <strong>{t(`state.offer.${offer.state as 'claimed'}`)}</strong>
        {' · '}
        {offer.pickupBy === null ? clockTime(offer.offeredAt) : t('offer.pickup', { time: clockTime(offer.pickupBy) })}
      </p>
      <TapStates subject={offer.id} />
      {offer.state === 'claimed' && (
        <a class="button" href={`#/offer/${encodeURIComponent(offer.id)}`}>
          {t('offer.see')}
        </a>
      )}
    </article>
  );
}

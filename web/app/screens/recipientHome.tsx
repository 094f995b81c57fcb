import { useState } from 'preact/hooks';
import { install, installPrompt } from '../install.ts';
import { t } from '../language/language.ts';
import { offers, type Offer } from '../lists.ts';
import { Countdown } from '../parts/countdown.tsx';
import { OfferAnswer } from '../parts/offerAnswer.tsx';
import { OfferFacts, OfferTitle } from '../parts/offerFacts.tsx';
import { LotsMap } from '../parts/lotsMap.tsx';
import { isPending, TapStates } from '../parts/tapState.tsx';
import { clockTime, go } from '../state.ts';

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
      <Where offers={[...open, ...claimed]} />
      {installPrompt.value !== null && (
        <p>
          <button onClick={() => void install()}>{t('settings.install')}</button>
        </p>
      )}
      {past.length > 0 && <h2 class="part">{t('offer.past.title')}</h2>}
      {past.map((offer) => (
        <OfferLine key={offer.id} offer={offer} />
      ))}
    </>
  );
}

const ON_THE_MAP = { open: 'offered', claimed: 'claimed' } as const;

/** The list first, then where it is: nothing of a map is loaded before it is asked for. */
function Where({ offers: held }: { readonly offers: readonly Offer[] }) {
  const [isOpen, setOpen] = useState(false);
  if (held.length === 0) return null;
  const lots = held.map(({ id, state, surplus }) => ({
    id,
    state: ON_THE_MAP[state as 'open'],
    location: surplus.location,
  }));
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t('offer.map')}</summary>
      {isOpen && (
        <LotsMap
          lots={lots}
          open={(id) => go('offer', id)}
          legend={(['open', 'claimed'] as const).map((state) => ({
            state: ON_THE_MAP[state],
            name: t(`state.offer.${state}`),
          }))}
        />
      )}
    </details>
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

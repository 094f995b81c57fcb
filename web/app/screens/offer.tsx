import { useEffect, useState } from 'preact/hooks';
import { read } from '../../engine/api.ts';
import { t } from '../language/language.ts';
import { offers, type Contact, type Offer } from '../lists.ts';
import { Handover } from '../parts/handover.tsx';
import { Reasons } from '../parts/offerAnswer.tsx';
import { OfferFacts } from '../parts/offerFacts.tsx';
import { isPending, TapStates } from '../parts/tapState.tsx';
import { routeLink } from '../routeLink.ts';
import { isNewer, whyNothing } from '../seenBy.ts';
import { clockTime } from '../state.ts';
import { OpenOffer } from './recipientHome.tsx';
import { Back } from '../parts/back.tsx';
import { useSeen } from '../useSeen.ts';

const NOTHING = { gone: 'offer.gone', failed: 'app.failed', loading: 'app.loading' } as const;

/** One offer. With a connection also who gives it and, once claimed, how to reach them. */
export function OfferScreen({ id }: { readonly id: string }) {
  const one = useSeen(`offer ${id}`, () => read<Offer>(`/v1/offers/${id}`));
  const listed = offers.value.value?.find((each) => each.id === id);
  const version = `${listed?.state ?? ''} ${String(listed?.surplus.version ?? 0)}`;
  useEffect(() => void (one.question.peek() > 0 && one.refresh()), [one, version]);
  const told = one.value.value;
  // The list may be newer than what was told of this one, or the other way round.
  const offer = isNewer(one, offers) ? (told ?? listed) : (listed ?? told);
  return (
    <>
      <Back />
      {offer == null ? (
        <p>{t(NOTHING[whyNothing(one)])}</p>
      ) : (
        <OneOffer offer={offer} donor={told?.donor} seenAtMs={Math.max(one.atMs.value, offers.atMs.value)} />
      )}
    </>
  );
}

interface OneOfferProps {
  readonly offer: Offer;
  readonly donor: Offer['donor'];
  readonly seenAtMs: number;
}

function OneOffer({ offer, donor, seenAtMs }: OneOfferProps) {
  if (offer.state === 'open') return <OpenOffer offer={offer} />;
  return (
    <article class="card">
      <p>
        <strong>{t(`state.offer.${offer.state as 'claimed'}`)}</strong>
        {offer.pickupBy !== null && ` · ${t('offer.pickup', { time: clockTime(offer.pickupBy) })}`}
      </p>
      {offer.state === 'withdrawn' && <p class="tap refused">{t('offer.withdrawn')}</p>}
      <OfferFacts offer={offer} />
      {donor !== undefined && <Donor name={donor.name} contact={donor.contact} />}
      <TapStates subject={offer.id} />
      {offer.state === 'claimed' && <Claimed offer={offer} pending={isPending(offer.id, seenAtMs)} />}
    </article>
  );
}

function Claimed({ offer, pending }: { readonly offer: Offer; readonly pending: boolean }) {
  const [releasing, setReleasing] = useState(false);
  return (
    <>
      <p>
        <a class="button" href={routeLink(navigator.userAgent, offer.surplus.location)}>
          {t('offer.route')}
        </a>
      </p>
      {!pending && (
        <>
          <Handover offer={offer} />
          <button aria-expanded={releasing} onClick={() => setReleasing(!releasing)}>
            {t('offer.release')}
          </button>
          {releasing && <Reasons offer={offer} kind="release" />}
        </>
      )}
    </>
  );
}

function Donor({ name, contact }: { readonly name: string | null; readonly contact: Contact | null }) {
  return (
    <>
      <h3>{t('offer.donor')}</h3>
      <p>{name}</p>
      {contact !== null && (
        <>
          <h3>{t('offer.contact')}</h3>
          <ul class="facts">
            {contact.name !== undefined && <li>{contact.name}</li>}
            {contact.phone !== undefined && (
              <li>
                <a href={`tel:${contact.phone}`}>{contact.phone}</a>
              </li>
            )}
            {contact.email !== undefined && (
              <li>
                <a href={`mailto:${contact.email}`}>{contact.email}</a>
              </li>
            )}
            {contact.note !== undefined && <li>{contact.note}</li>}
          </ul>
        </>
      )}
    </>
  );
}

import { useState } from 'preact/hooks';
import { kilograms } from '../language/amounts.ts';
import type { MessageKey } from '../language/en.ts';
import { t } from '../language/language.ts';
import type { Offer } from '../lists.ts';
import { tap } from '../live.ts';
import type { TapKind } from '../../engine/tap.ts';

/** The server keeps the reason as it was tapped, in words an operator reads. */
const REASONS: readonly (readonly [MessageKey, string])[] = [
  ['offer.reason.full', 'no room'],
  ['offer.reason.people', 'nobody can come'],
  ['offer.reason.unsuitable', 'not the right food'],
  ['offer.reason.late', 'too late'],
];

export function answer(offer: Offer, kind: TapKind, body: unknown): void {
  const path = `/v1/offers/${offer.id}/${kind}`;
  void tap({ kind, subject: offer.id, method: 'POST', path, body });
}

/** Two taps at most: accept is one; a part, or a no with its reason, is two. */
export function OfferAnswer({ offer }: { readonly offer: Offer }) {
  const [open, setOpen] = useState<'part' | 'decline' | null>(null);
  return (
    <div class="answers">
      <button class="primary" onClick={() => answer(offer, 'accept', {})}>
        {t('offer.accept')}
      </button>
      <div class="row">
        <button aria-expanded={open === 'part'} onClick={() => setOpen(open === 'part' ? null : 'part')}>
          {t('offer.part')}
        </button>
        <button aria-expanded={open === 'decline'} onClick={() => setOpen(open === 'decline' ? null : 'decline')}>
          {t('offer.decline')}
        </button>
      </div>
      {open === 'part' && <Parts offer={offer} />}
      {open === 'decline' && <Reasons offer={offer} kind="decline" />}
    </div>
  );
}

function Parts({ offer }: { readonly offer: Offer }) {
  return (
    <fieldset>
      <legend>{t('offer.part.how')}</legend>
      <div class="row">
        {partsOf(offer.quantityGrams).map((quantityGrams) => (
          <button key={quantityGrams} onClick={() => answer(offer, 'accept', { quantityGrams })}>
            {t('offer.part.go', { amount: kilograms(quantityGrams) })}
          </button>
        ))}
      </div>
    </fieldset>
  );
}

/** A quarter, a half, three quarters, to a tenth of a kilogram. */
function partsOf(grams: number): number[] {
  const parts = [0.25, 0.5, 0.75].map((share) => Math.max(100, Math.round((grams * share) / 100) * 100));
  return [...new Set(parts)].filter((part) => part < grams);
}

export function Reasons({ offer, kind }: { readonly offer: Offer; readonly kind: 'decline' | 'release' }) {
  return (
    <fieldset>
      <legend>{t('offer.reason')}</legend>
      <div class="row">
        {REASONS.map(([key, reason]) => (
          <button key={key} onClick={() => answer(offer, kind, { reason })}>
            {t(key)}
          </button>
        ))}
      </div>
    </fieldset>
  );
}

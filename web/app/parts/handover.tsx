import { useState } from 'preact/hooks';
import { t } from '../language/language.ts';
import type { Offer } from '../lists.ts';
import { answer } from './offerAnswer.tsx';

const DIGITS = 8;

/** The proof that the food changed hands: the donor's 8 digits. Works without a network too: it is sent later. */
export function Handover({ offer }: { readonly offer: Offer }) {
  const [code, setCode] = useState('');
  const [told, setTold] = useState(false);
  const missing = code.length !== DIGITS;
  const submit = (event: Event): void => {
    event.preventDefault();
    setTold(true);
    if (!missing) answer(offer, 'handover', { code });
  };
  return (
    <form onSubmit={submit} noValidate>
      <h3>{t('offer.handover')}</h3>
      <p id="handover-how">{t('offer.handover.how')}</p>
      <label for="handover-code">{t('offer.handover.code')}</label>
      <input
        id="handover-code"
        class="code"
        inputMode="numeric"
        autocomplete="off"
        maxLength={DIGITS + 3}
        aria-describedby="handover-how handover-missing"
        aria-invalid={told && missing}
        value={code}
        onInput={(event) => setCode(event.currentTarget.value.replace(/\D/g, '').slice(0, DIGITS))}
      />
      <p id="handover-missing" role="alert">
        {told && missing ? t('offer.handover.digits', { count: code.length }) : ''}
      </p>
      <button class="primary">{t('offer.handover.go')}</button>
    </form>
  );
}

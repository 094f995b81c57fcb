import { useState } from 'preact/hooks';
import { t } from '../language/language.ts';
import type { Offer } from '../lists.ts';
import { Choice } from './choice.tsx';
import { ANSWERS, type YesNo } from './food.tsx';
import { answer } from './offerAnswer.tsx';
import { Scan } from './scan.tsx';

const DIGITS = 8;
const CODE = /^\d{8}$/;

/** The proof that the food changed hands: the donor's 8 digits. Works without a network too: it is sent later. */
export function Handover({ offer }: { readonly offer: Offer }) {
  const [code, setCode] = useState('');
  const [hot, setHot] = useState<YesNo | null>(null);
  const [told, setTold] = useState(false);
  const isHot = offer.surplus.storage === 'hot';
  const missing = code.length !== DIGITS;
  const unanswered = isHot && hot !== 'yes';
  const submit = (event: Event): void => {
    event.preventDefault();
    setTold(true);
    if (!missing && !unanswered) hand(code);
  };
  const hand = (digits: string): void => {
    answer(offer, 'handover', isHot ? { code: digits, hotEnough: true } : { code: digits });
  };
  const scanned = (digits: string): void => {
    setCode(digits);
    setTold(true);
    // The donor holding out the code is the proof: no more taps, but for what must be answered.
    if (!unanswered) hand(digits);
  };
  return (
    <form onSubmit={submit} noValidate>
      <h3>{t('offer.handover')}</h3>
      {isHot && <HotEnough hot={hot} choose={setHot} asked={told && hot === null} />}
      <Scan wanted={CODE} found={scanned} />
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

interface HotEnoughProps {
  readonly hot: YesNo | null;
  readonly choose: (answer: YesNo) => void;
  /** it was left out, and is needed */
  readonly asked: boolean;
}

/** Asked of who takes it, at the door: the server hands hot food over with a yes only. */
function HotEnough({ hot, choose, asked }: HotEnoughProps) {
  return (
    <>
      <Choice
        legend={t('offer.handover.hot')}
        name="hot"
        values={ANSWERS}
        chosen={hot}
        words={(each) => t(`post.${each}`)}
        choose={choose}
      />
      {hot === 'no' && <p class="tap refused">{t('offer.handover.cold')}</p>}
      <p role="alert">{asked ? t('offer.handover.answer') : ''}</p>
    </>
  );
}

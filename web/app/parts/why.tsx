import type { ComponentChild } from 'preact';
import { useState } from 'preact/hooks';
import { t } from '../language/language.ts';

interface WhyProps {
  /** what the button says */
  readonly go: string;
  readonly act: (why: string) => void;
  /** what else is to be chosen first; null: nothing is missing */
  readonly missing?: string | null;
  readonly children?: ComponentChild;
}

/** What an operator does over the rules' head is done with a reason, or not at all. */
export function Why({ go, act, missing = null, children }: WhyProps) {
  const [why, setWhy] = useState('');
  const [told, setTold] = useState('');
  const isMissing = told === t('steer.why.missing');
  const submit = (event: Event): void => {
    event.preventDefault();
    if (missing !== null || why.trim() === '') setTold(missing ?? t('steer.why.missing'));
    else act(why.trim());
  };
  return (
    <form onSubmit={submit} noValidate>
      {children}
      <label for="why">{t('steer.why')}</label>
      <input
        id="why"
        maxLength={200}
        value={why}
        placeholder={t('steer.why.hint')}
        aria-invalid={isMissing}
        onInput={(event) => (setWhy(event.currentTarget.value), setTold(''))}
      />
      <p role="alert">{told}</p>
      <button class="primary">{go}</button>
    </form>
  );
}

import { useState } from 'preact/hooks';
import { browserSupportsWebAuthn } from '@simplewebauthn/browser';
import { enter } from '../../engine/session.ts';
import { t, word } from '../language/language.ts';
import { knowMember } from '../live.ts';
import { Languages } from '../parts/languages.tsx';
import { enterByPasskey } from '../passkeys.ts';
import { go } from '../state.ts';

/** @param token of a one-time link; empty: there is none */
export function Enter({ token }: { readonly token: string }) {
  return (
    <>
      {token === '' ? <ByPasskey /> : <ByLink token={token} />}
      <Languages />
    </>
  );
}

/** Used by a tap, not by opening: programs that look at links for a preview would use it up. */
function ByLink({ token }: { readonly token: string }) {
  const [refused, setRefused] = useState('');
  const [busy, setBusy] = useState(false);
  // a try whose answer was lost is the same try again, not a link that was used
  const [attemptId] = useState(() => crypto.randomUUID());
  const use = async (): Promise<void> => {
    setBusy(true);
    try {
      const answer = await enter('/v1/auth/link', { token, attemptId });
      if (answer === null) await home();
      else setRefused(word('enter.refused', answer.code, 'enter.refused.other'));
    } catch {
      setRefused(t('enter.refused.network'));
    }
    setBusy(false);
  };
  return (
    <div class="card">
      <h2>{t('enter.link.title')}</h2>
      <p>{t('enter.link.how')}</p>
      <p role="alert">{refused}</p>
      <button class="primary" disabled={busy} onClick={() => void use()}>
        {t('enter.link.go')}
      </button>
    </div>
  );
}

function ByPasskey() {
  const [failed, setFailed] = useState(false);
  const use = async (): Promise<void> => {
    try {
      await enterByPasskey();
      await home();
    } catch {
      setFailed(true);
    }
  };
  return (
    <div class="card">
      <p>{t('enter.how')}</p>
      <p role="alert">{failed ? t('enter.passkey.failed') : ''}</p>
      {browserSupportsWebAuthn() && (
        <button class="primary" onClick={() => void use()}>
          {t('enter.passkey')}
        </button>
      )}
    </div>
  );
}

async function home(): Promise<void> {
  await knowMember();
  go('');
}

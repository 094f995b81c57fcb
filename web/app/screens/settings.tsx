import { useEffect, useState } from 'preact/hooks';
import { browserSupportsWebAuthn } from '@simplewebauthn/browser';
import { leave } from '../../engine/session.ts';
import { install, installPrompt } from '../install.ts';
import { t } from '../language/language.ts';
import { Languages } from '../parts/languages.tsx';
import { TapState } from '../parts/tapState.tsx';
import { Passkeys } from '../parts/passkeys.tsx';
import { Phone } from '../parts/phone.tsx';
import { leavePush, pushState, turnPushOn, type PushState } from '../push.ts';
import { member, taps, go } from '../state.ts';

export function Settings() {
  return (
    <>
      <Languages />
      {installPrompt.value !== null && (
        <p>
          <button onClick={() => void install()}>{t('settings.install')}</button>
        </p>
      )}
      {member.value?.role !== 'operator' && <Push />}
      {member.value?.role === 'recipient' && <Phone />}
      <Waiting />
      {browserSupportsWebAuthn() && <Passkeys />}
      <SignOut />
    </>
  );
}

function Push() {
  const [state, setState] = useState<PushState | null>(null);
  const [failed, setFailed] = useState('');
  useEffect(() => void pushState().then(setState), []);
  const turnOn = async (): Promise<void> => {
    setFailed('');
    try {
      setState(await turnPushOn());
    } catch (error) {
      setFailed(t('settings.push.failed', { why: error instanceof Error ? error.message : '' }));
    }
  };
  return (
    <section>
      <h2 class="part">{t('settings.push')}</h2>
      <div role="status">
        {state === 'on' && <p>{t('settings.push.done')}</p>}
        {state === 'denied' && <p>{t('settings.push.denied')}</p>}
        {state === 'unsupported' && <p>{t('settings.push.unsupported')}</p>}
        {failed !== '' && <p>{failed}</p>}
      </div>
      {state === 'off' && <button onClick={() => void turnOn()}>{t('settings.push.on')}</button>}
    </section>
  );
}

function Waiting() {
  const waiting = taps.value.filter((tap) => tap.state !== 'sent');
  return (
    <section>
      <h2 class="part">{t('settings.taps')}</h2>
      <div role="status">
        {waiting.length === 0 && <p>{t('settings.taps.none')}</p>}
        {waiting.map((tap) => (
          <TapState key={tap.id} tap={tap} />
        ))}
      </div>
    </section>
  );
}

function SignOut() {
  const [failed, setFailed] = useState(false);
  const waiting = taps.value.filter((tap) => tap.state === 'queued').length;
  const out = async (path: string): Promise<void> => {
    try {
      await leavePush().catch(() => undefined);
      await leave(path);
      member.value = null;
      go('');
    } catch {
      setFailed(true);
    }
  };
  return (
    <section>
      <h2 class="part">{t('settings.out')}</h2>
      <p>
        {t('settings.who')}: <strong>{member.value?.name}</strong> (
        {member.value == null ? '' : t(`role.${member.value.role}`)})
      </p>
      {waiting > 0 && <p>{t('settings.out.waiting', { count: waiting })}</p>}
      <p role="alert">{failed ? t('settings.out.failed') : ''}</p>
      <div class="row">
        <button onClick={() => void out('/v1/auth/sign-out')}>{t('settings.out.here')}</button>
        <button onClick={() => void out('/v1/auth/sign-out-everywhere')}>{t('settings.out.everywhere')}</button>
      </div>
    </section>
  );
}

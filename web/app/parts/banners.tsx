import { useEffect } from 'preact/hooks';
import { t } from '../language/language.ts';
import { offers, surpluses } from '../lists.ts';
import { takeUpdate } from '../serviceWorker.ts';
import { clockTime, member, online, unkept, waitingVersion } from '../state.ts';
import { refusedWords } from './tapState.tsx';

/** What concerns the whole app: no network, no server, a newer version, a full phone. */
export function Banners() {
  return (
    <>
      <div role="status">
        <Connection />
        {waitingVersion.value !== null && (
          <p class="banner">
            {t('app.update')} <button onClick={takeUpdate}>{t('app.update.take')}</button>
          </p>
        )}
      </div>
      <Unkept />
    </>
  );
}

function Unkept() {
  const lost = unkept.value;
  // It is told at the top, and was tapped anywhere.
  useEffect(() => void (lost !== null && scrollTo(0, 0)), [lost]);
  return (
    <div role="alert">
      {lost !== null && (
        <p class="banner refused">
          {lost.refusal === null ? t('tap.unkept', { what: t(`tap.${lost.kind}`) }) : refusedWords(lost)}{' '}
          <button onClick={() => (unkept.value = null)}>{t('tap.dismiss')}</button>
        </p>
      )}
    </div>
  );
}

function Connection() {
  const list = member.value?.role === 'recipient' ? offers : member.value?.role === 'donor' ? surpluses : null;
  if (online.value) return list?.failed.value === true ? <p class="banner">{t('app.failed')}</p> : null;
  const atMs = list?.atMs.value ?? 0;
  return <p class="banner">{atMs === 0 ? t('app.offline.fresh') : t('app.offline', { time: clockTime(atMs) })}</p>;
}

import { t } from '../language/language.ts';
import { offers, surpluses } from '../lists.ts';
import { takeUpdate } from '../serviceWorker.ts';
import { clockTime, member, online, waitingVersion } from '../state.ts';

/** What concerns the whole app: no network, no server, a newer version. */
export function Banners() {
  return (
    <div role="status">
      <Connection />
      {waitingVersion.value !== null && (
        <p class="banner">
          {t('app.update')} <button onClick={takeUpdate}>{t('app.update.take')}</button>
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

import { t } from '../language/language.ts';
import { clockTime, nowMs } from '../state.ts';

/** Time left by the server's clock. Read aloud when asked for, not each second. */
export function Countdown({ until }: { readonly until: string }) {
  const leftSeconds = Math.max(0, Math.floor((Date.parse(until) - nowMs.value) / 1000));
  if (leftSeconds === 0) return <p class="countdown over">{t('offer.answer.over')}</p>;
  const minutes = Math.floor(leftSeconds / 60);
  const digits = `${String(minutes)}:${String(leftSeconds % 60).padStart(2, '0')}`;
  return (
    <p class="countdown">
      {t('offer.answer.left')} <strong role="timer">{digits}</strong> ({t('time.until', { time: clockTime(until) })})
    </p>
  );
}

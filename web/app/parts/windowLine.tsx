import { t } from '../language/language.ts';
import { kilograms } from '../language/amounts.ts';
import { tap } from '../live.ts';
import { clockTime, nowMs, timeZone } from '../state.ts';
import { upcomingOf, windows, type PostingWindow } from '../windows.ts';
import { categoryName } from './offerFacts.tsx';
import { isPending, TapStates } from './tapState.tsx';

export function windowFood({ category, quantityGrams }: PostingWindow): string {
  return t('food.amount', { kg: kilograms(quantityGrams), category: categoryName(category) });
}

/** When it posts by itself, and skipping that once: one tap, until the moment it posts. */
export function WindowLine({ window }: { readonly window: PostingWindow }) {
  // Minutes are enough for knowing which day comes next.
  const upcoming = upcomingOf(window, timeZone.value, Math.floor(nowMs.value / 60_000) * 60_000);
  if (upcoming === null) return <p>{t('window.paused')}</p>;
  const { day, atMs, skipped } = upcoming;
  const subject = subjectOf(window.id);
  const skip = (): void => {
    const path = `/v1/windows/${window.id}/skips/${day}`;
    const [kind, method] = skipped ? (['window-unskip', 'DELETE'] as const) : (['window-skip', 'PUT'] as const);
    void tap({ kind, subject, method, path, body: null });
  };
  return (
    <>
      <p>
        <strong>{t(skipped ? 'window.skipped' : 'window.next', { time: clockTime(atMs) })}</strong>
      </p>
      <TapStates subject={subject} latest />
      {!isPending(subject, windows.atMs.value) && (
        <button onClick={skip}>{t(skipped ? 'window.unskip' : 'window.skip')}</button>
      )}
    </>
  );
}

export function subjectOf(id: string): string {
  return `window:${id}`;
}

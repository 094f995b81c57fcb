import { useEffect } from 'preact/hooks';
import { t } from '../language/language.ts';
import { TapState } from '../parts/tapState.tsx';
import { subjectOf, windowFood, WindowLine } from '../parts/windowLine.tsx';
import { taps } from '../state.ts';
import { dayName, whenOf, windows, type PostingWindow } from '../windows.ts';
import { Back } from '../parts/back.tsx';

/** What posts by itself, and when. */
export function Windows() {
  useEffect(() => void windows.refresh(), []);
  const all = windows.value.value;
  const listed = new Set((all ?? []).map(({ id }) => subjectOf(id)));
  const unlisted = taps.value.filter(
    (tap) => tap.kind.startsWith('window-') && tap.state !== 'sent' && !listed.has(tap.subject),
  );
  return (
    <>
      <Back />
      <p>{t('windows.how')}</p>
      <p>
        <a class="button primary" href="#/window">
          {t('windows.add')}
        </a>
      </p>
      <div role="status">
        {unlisted.map((tap) => (
          <TapState key={tap.id} tap={tap} />
        ))}
      </div>
      {all === null && <p>{windows.failed.value ? t('app.failed') : t('app.loading')}</p>}
      {all?.length === 0 && <p>{t('windows.empty')}</p>}
      {(all ?? []).map((window) => (
        <WindowCard key={window.id} window={window} />
      ))}
    </>
  );
}

function WindowCard({ window }: { readonly window: PostingWindow }) {
  const { last } = window;
  return (
    <article class="card">
      <h2>{windowFood(window)}</h2>
      <p>{whenOf(window)}</p>
      {last !== null && last.outcome !== 'posted' && (
        <p class="tap refused">{t(`window.last.${last.outcome}`, { day: dayName(last.day) })}</p>
      )}
      <WindowLine window={window} />
      <p>
        <a class="button" href={`#/window/${window.id}`}>
          {t('window.change')}
        </a>
      </p>
    </article>
  );
}

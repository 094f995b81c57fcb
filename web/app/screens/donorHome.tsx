import type { SurplusView } from '#core/lots/view.ts';
import { isEnd, type LotState } from '#core/lots/lot.ts';
import { kilograms } from '../language/amounts.ts';
import { t } from '../language/language.ts';
import { surpluses } from '../lists.ts';
import { categoryName } from '../parts/offerFacts.tsx';
import { TapState, TapStates } from '../parts/tapState.tsx';
import { Coming } from '../parts/coming.tsx';
import { windowFood, WindowLine } from '../parts/windowLine.tsx';
import { clockTime, taps } from '../state.ts';
import { windows } from '../windows.ts';

/** so many of what is over */
const PAST = 10;

export function DonorHome() {
  const all = surpluses.value.value;
  const open = (all ?? []).filter((surplus) => !isEnd(surplus.state as LotState));
  const past = (all ?? []).filter((surplus) => isEnd(surplus.state as LotState)).slice(0, PAST);
  const posts = taps.value.filter((tap) => (tap.kind === 'post' || tap.kind === 'photo') && tap.state !== 'sent');
  return (
    <>
      <p>
        <a class="button primary" href="#/post">
          {t('food.post')}
        </a>
      </p>
      <div role="status">
        {posts.length > 0 && <h2 class="part">{t('food.waiting')}</h2>}
        {posts.map((tap) => (
          <TapState key={tap.id} tap={tap} />
        ))}
      </div>
      {all === null && <p>{t('app.loading')}</p>}
      {all?.length === 0 && posts.length === 0 && <p>{t('food.empty')}</p>}
      {open.map((surplus) => (
        <SurplusLine key={surplus.id} surplus={surplus} />
      ))}
      <ByItself />
      {past.length > 0 && <h2 class="part">{t('offer.past.title')}</h2>}
      {past.map((surplus) => (
        <SurplusLine key={surplus.id} surplus={surplus} />
      ))}
    </>
  );
}

/** Before what is over: what is to come. */
function ByItself() {
  const coming = (windows.value.value ?? []).filter((window) => !window.paused);
  return (
    <>
      {coming.length > 0 && <h2 class="part">{t('windows.home')}</h2>}
      {coming.map((window) => (
        <article class="card line" key={window.id}>
          <h2>{windowFood(window)}</h2>
          <WindowLine window={window} />
        </article>
      ))}
      <p class="row">
        <a class="button" href="#/windows">
          {t('windows.title')}
        </a>
        <a class="button" href="#/report">
          {t('report.title')}
        </a>
      </p>
    </>
  );
}

function SurplusLine({ surplus }: { readonly surplus: SurplusView }) {
  return (
    <article class="card line">
      <h2>{foodOf(surplus)}</h2>
      <p>
        <strong>{t(`state.lot.${surplus.state as 'posted'}`)}</strong> ·{' '}
        {t('offer.safe', { time: clockTime(surplus.safeUntil) })}
      </p>
      <Coming surplus={surplus} />
      <TapStates subject={surplus.id} />
      {!isEnd(surplus.state as LotState) && (
        <a class="button" href={`#/surplus/${encodeURIComponent(surplus.id)}`}>
          {t('offer.see')}
        </a>
      )}
    </article>
  );
}

export function foodOf(surplus: SurplusView): string {
  return t('food.amount', { kg: kilograms(surplus.quantityGrams), category: categoryName(surplus.category) });
}

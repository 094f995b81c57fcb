import { useEffect, useRef, useState } from 'preact/hooks';
import type { LotState } from '#core/lots/lot.ts';
import { distance } from '../language/amounts.ts';
import { t } from '../language/language.ts';
import { member } from '../state.ts';
import type { Streets, StreetsOptions } from '../streets.ts';
import { PlainMap, SHAPES, type Placed } from './plainMap.tsx';

interface LotsMapProps {
  /** the newest first */
  readonly lots: readonly Placed[];
  readonly open: (id: string) => void;
  readonly legend: readonly { readonly state: LotState; readonly name: string }[];
}

/** Where lots are: on the streets the operator provides, else, and whatever goes wrong with those, from their places alone. */
export function LotsMap({ lots, open, legend }: LotsMapProps) {
  const tiles = member.value?.map ?? null;
  const [broken, setBroken] = useState<string | null>(null);
  return (
    <>
      {tiles === null || tiles === broken ? (
        <PlainMap lots={lots} open={open} scale={(meters) => t('map.scale', { distance: distance(meters) })} />
      ) : (
        <StreetsMap key={tiles} tiles={tiles} lots={lots} open={open} failed={() => setBroken(tiles)} />
      )}
      <ul class="legend">
        {legend.map(({ state, name }) => (
          <li key={state}>
            <svg viewBox="-10 -10 20 20" aria-hidden="true">
              <path class="mark" d={SHAPES[state]} />
            </svg>
            {name}
          </li>
        ))}
      </ul>
    </>
  );
}

type StreetsMapProps = Pick<LotsMapProps, 'lots' | 'open'> & Pick<StreetsOptions, 'tiles' | 'failed'>;

function StreetsMap({ tiles, lots, open, failed }: StreetsMapProps) {
  const frame = useRef<HTMLDivElement>(null);
  const [streets, setStreets] = useState<Streets | null>(null);
  useEffect(() => {
    if (frame.current === null) return;
    let isGone = false;
    const fail = (): void => void (isGone || failed());
    const opening = load({ container: frame.current, tiles, open, failed: fail, how: howTo() }, lots);
    opening.then((opened) => void (isGone || setStreets(opened)), fail);
    return () => {
      isGone = true;
      void opening.then((opened) => opened.close()).catch(() => undefined);
    };
    // Opened once; what is on it changes below.
  }, [tiles]);
  // Each look makes a new list: marks that are as they were must not be taken from under a finger.
  const shown = JSON.stringify(lots.map(({ id, state, location }) => [id, state, location]));
  useEffect(() => streets?.show(lots), [streets, shown]);
  return (
    <>
      <div ref={frame} class="streets" aria-hidden="true" />
      <div class="under">
        <button type="button" aria-label={t('map.nearer')} onClick={() => streets?.zoom(1)}>
          +
        </button>
        <button type="button" aria-label={t('map.further')} onClick={() => streets?.zoom(-1)}>
          −
        </button>
        <a href="https://www.openstreetmap.org/copyright" rel="noreferrer">
          {t('map.source')}
        </a>
      </div>
    </>
  );
}

async function load(options: StreetsOptions, lots: readonly Placed[]): Promise<Streets> {
  const { openStreets } = await import('../streets.ts');
  return await openStreets(options, lots);
}

function howTo(): StreetsOptions['how'] {
  const key = /Mac/.test(navigator.userAgent) ? '⌘' : 'Ctrl';
  return { fingers: t('map.fingers'), wheel: t('map.wheel', { key }) };
}

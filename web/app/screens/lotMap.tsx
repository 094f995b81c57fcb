import type { LotState } from '#core/lots/lot.ts';
import type { SurplusView } from '#core/lots/view.ts';
import { read } from '../../engine/api.ts';
import { t } from '../language/language.ts';
import type { Page } from '../pages.ts';
import { LotsMap } from '../parts/lotsMap.tsx';
import { go } from '../state.ts';
import { LotLine } from './lots.tsx';
import { Back } from '../parts/back.tsx';
import { useSeen } from '../useSeen.ts';

const OPEN: readonly LotState[] = ['posted', 'offered', 'claimed', 'rematching'];
const LISTED = 10;

async function readOpen(): Promise<readonly SurplusView[]> {
  const pages = await Promise.all(OPEN.map((state) => read<Page<SurplusView>>(`/v1/surplus?limit=100&state=${state}`)));
  return pages.flatMap(({ items }) => items).toSorted((a, b) => b.postedAt.localeCompare(a.postedAt));
}

/** Where the open lots are: the list first, then the map. */
export function LotMap() {
  const open = useSeen('open lots', readOpen);
  const lots = open.value.value;
  return (
    <>
      <Back />
      {lots === null && <p>{open.failed.value ? t('app.failed') : t('app.loading')}</p>}
      {lots !== null && <p class="lead">{t('map.count', { count: lots.length })}</p>}
      {lots?.slice(0, LISTED).map((lot) => (
        <LotLine key={lot.id} lot={lot} />
      ))}
      {lots !== null && lots.length > 0 && (
        <>
          <h2 class="part">{t('map.title')}</h2>
          <LotsMap
            lots={lots}
            open={(id) => go('surplus', id)}
            legend={OPEN.map((state) => ({ state, name: t(`state.lot.${state as 'posted'}`) }))}
          />
        </>
      )}
    </>
  );
}

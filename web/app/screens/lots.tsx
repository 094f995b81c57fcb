import { useEffect, useState } from 'preact/hooks';
import { LOT_STATES, type LotState } from '#core/lots/lot.ts';
import { read } from '../../engine/api.ts';
import { t } from '../language/language.ts';
import { onNews } from '../live.ts';
import type { NamedSurplus } from '../lists.ts';
import type { Page } from '../pages.ts';
import { clockTime } from '../state.ts';
import { foodOf } from './donorHome.tsx';
import { Coming } from '../parts/coming.tsx';

const PAGE = 25;

interface Stats {
  /** how many there are by state */
  readonly lots: Readonly<Record<string, number>>;
}

/** All lots, newest first, by state. */
export function Lots() {
  const [state, setState] = useState<LotState | ''>('');
  const [lots, setLots] = useState<readonly NamedSurplus[] | null>(null);
  const [pages, setPages] = useState(1);
  const [more, setMore] = useState(false);
  const [failed, setFailed] = useState(false);
  const [counts, setCounts] = useState<Stats['lots'] | null>(null);
  useEffect(() => {
    let current = true;
    let isSumming = false;
    /** It may come late, or not at all where there are very many: the list does not wait for it, nor does it queue up. */
    const sum = async (): Promise<void> => {
      if (isSumming) return;
      isSumming = true;
      const stats = await read<Stats>('/v1/stats').catch(() => null);
      isSumming = false;
      if (current && stats !== null) setCounts(stats.lots);
    };
    const ask = async (): Promise<void> => {
      try {
        void sum();
        const found = await readPages(state, pages);
        if (!current) return;
        setLots(found.items);
        setMore(found.nextCursor !== null);
        setFailed(false);
      } catch {
        if (current) setFailed(true);
      }
    };
    void ask();
    const stop = onNews(() => void ask());
    return () => {
      current = false;
      stop();
    };
  }, [state, pages]);
  return (
    <>
      <div class="row">
        <a class="button" href="#/today">
          {t('today.open')}
        </a>
        <a class="button" href="#/map">
          {t('map.open')}
        </a>
        <a class="button" href="#/audit">
          {t('audit.title')}
        </a>
      </div>
      <StateFilter state={state} counts={counts} choose={(next) => (setState(next), setPages(1))} />
      {failed && <p role="alert">{t('app.failed')}</p>}
      {lots === null && !failed && <p>{t('app.loading')}</p>}
      {lots?.length === 0 && <p>{t('lots.empty')}</p>}
      {lots?.map((lot) => (
        <LotLine key={lot.id} lot={lot} />
      ))}
      {more && <button onClick={() => setPages(pages + 1)}>{t('app.more')}</button>}
    </>
  );
}

interface StateFilterProps {
  readonly state: LotState | '';
  readonly counts: Stats['lots'] | null;
  readonly choose: (state: LotState | '') => void;
}

function StateFilter({ state, counts, choose }: StateFilterProps) {
  return (
    <>
      <label for="state">{t('lots.filter')}</label>
      <select id="state" value={state} onChange={(event) => choose(event.currentTarget.value as LotState | '')}>
        <option value="">{t('lots.all')}</option>
        {LOT_STATES.map((each) => (
          <option key={each} value={each}>
            {counts === null
              ? t(`state.lot.${each}`)
              : t('lots.state', { state: t(`state.lot.${each}`), count: counts[each] ?? 0 })}
          </option>
        ))}
      </select>
    </>
  );
}

async function readPages(state: LotState | '', pages: number): Promise<Page<NamedSurplus>> {
  const filter = state === '' ? '' : `&state=${state}`;
  let found: Page<NamedSurplus> = { items: [], nextCursor: null };
  for (let page = 0; page < pages && (page === 0 || found.nextCursor !== null); page++) {
    const cursor = found.nextCursor === null ? '' : `&cursor=${encodeURIComponent(found.nextCursor)}`;
    const next = await read<Page<NamedSurplus>>(`/v1/surplus?limit=${String(PAGE)}${filter}${cursor}`);
    found = { items: [...found.items, ...next.items], nextCursor: next.nextCursor };
  }
  return found;
}

export function LotLine({ lot }: { readonly lot: NamedSurplus }) {
  return (
    <article class="card line">
      <h2>{foodOf(lot)}</h2>
      <p>
        <strong>{t(`state.lot.${lot.state as 'posted'}`)}</strong>
        {lot.deadLettered && ` · ${t('lots.letter')}`} · {t('lot.posted', { time: clockTime(lot.postedAt) })}
      </p>
      {lot.donorName !== undefined && <p>{t('lot.donor', { name: lot.donorName })}</p>}
      <Coming surplus={lot} />
      <a class="button" href={`#/surplus/${encodeURIComponent(lot.id)}`}>
        {t('offer.see')}
      </a>
    </article>
  );
}

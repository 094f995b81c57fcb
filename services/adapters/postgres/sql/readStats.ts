import type { Pool } from '../pool.ts';
import { readSlowly } from './slowRead.ts';

export interface Stats {
  /** over all roots: collected + expired + cancelled + open */
  readonly postedGrams: number;
  readonly collectedGrams: number;
  readonly collectedViaFallbackGrams: number;
  readonly expiredGrams: number;
  readonly cancelledGrams: number;
  readonly openGrams: number;
  readonly lots: Readonly<Record<string, number>>;
  readonly offers: Readonly<Record<string, number>>;
  readonly deadLetteredLots: number;
  /** open lots whose next action should have come more than 5 s ago */
  readonly overdueLots: number;
  readonly unpublishedEvents: number;
}

interface Row {
  readonly lots: readonly LotSum[] | null;
  readonly offers: readonly { readonly state: string; readonly n: number; readonly fallback_grams: number }[] | null;
  readonly unpublished: string;
}

interface LotSum {
  readonly state: string;
  readonly n: number;
  readonly grams: number;
  readonly posted: number;
  readonly overdue: number;
  readonly dead: number;
}

// One statement, so one snapshot, in which a split's two halves change together; on Citus one of each shard, for lots are grouped above both parts.
// What has ended is added up from its index alone.
const STATS = `with
  lots as (select state, count(*) as n, sum(quantity_grams) as grams, sum(posted_grams) as posted,
      count(*) filter (where next_action_at < now() - interval '5 seconds') as overdue,
      count(*) filter (where dead_lettered) as dead
    from (select geo_region_id, state, quantity_grams, posted_grams, dead_lettered, null::timestamptz as next_action_at
        from lot where ended_at is not null
      union all select geo_region_id, state, quantity_grams, posted_grams, dead_lettered, next_action_at
        from lot where ended_at is null) as both_parts
    group by state),
  offers as (select state, count(*) as n,
      coalesce(sum(quantity_grams) filter (where fallback and state = 'collected'), 0) as fallback_grams
    from offer group by state),
  waiting as (select count(*) as n from outbox where published_at is null)
  select (select jsonb_agg(to_jsonb(lots)) from lots) as lots, (select jsonb_agg(to_jsonb(offers)) from offers) as offers,
    (select n from waiting) as unpublished`;

/** Across all regions and partitions: for an operator's screen, not for a loop. */
export async function readStats(pool: Pool): Promise<Stats> {
  const rows = await readSlowly<Row>(pool, STATS, []);
  const { lots, offers, unpublished } = rows[0] ?? { lots: null, offers: null, unpublished: '0' };
  const of = (state: string): number => lots?.find((each) => each.state === state)?.grams ?? 0;
  const sum = (field: 'grams' | 'posted' | 'overdue' | 'dead'): number =>
    (lots ?? []).reduce((all, each) => all + each[field], 0);
  const ended = of('collected') + of('expired') + of('cancelled');
  return {
    postedGrams: sum('posted'),
    collectedGrams: of('collected'),
    collectedViaFallbackGrams: (offers ?? []).reduce((all, each) => all + each.fallback_grams, 0),
    expiredGrams: of('expired'),
    cancelledGrams: of('cancelled'),
    openGrams: sum('grams') - ended,
    lots: counts(lots),
    offers: counts(offers),
    deadLetteredLots: sum('dead'),
    overdueLots: sum('overdue'),
    unpublishedEvents: Number(unpublished),
  };
}

function counts(rows: readonly { readonly state: string; readonly n: number }[] | null): Record<string, number> {
  return Object.fromEntries((rows ?? []).map(({ state, n }) => [state, n]));
}

import { OPERATOR, type Api } from './api.ts';
import type { Posted } from './tally.ts';

export interface Stats {
  readonly postedGrams: number;
  readonly collectedGrams: number;
  readonly collectedViaFallbackGrams: number;
  readonly expiredGrams: number;
  readonly cancelledGrams: number;
  readonly openGrams: number;
  readonly deadLetteredLots?: number;
}

interface LotSeen {
  readonly id: string;
  readonly state: string;
  readonly quantityGrams: number;
}

export interface Ledger {
  /** grams and lots of our posts, by the state they are in now */
  readonly byState: ReadonlyMap<string, { lots: number; grams: number }>;
  /** what does not add up; empty: the ledger balances */
  readonly faults: readonly string[];
  readonly stats: Stats;
}

/** Asks what each 2xx post became, and whether all grams are accounted for. */
export async function readLedger(api: Api, posted: ReadonlyMap<string, Posted>, before: Stats): Promise<Ledger> {
  const byState = new Map<string, { lots: number; grams: number }>();
  const faults: string[] = [];
  for (const chunk of chunksOf([...posted.values()], 20)) {
    const families = await Promise.all(chunk.map((post) => familyOf(api, post)));
    families.forEach((family, index) => {
      const post = chunk[index];
      if (post !== undefined) enter(post, family, byState, faults);
    });
  }
  const stats = await readStats(api);
  faults.push(...imbalances(stats, before, posted));
  return { byState, faults, stats };
}

export async function readStats(api: Api): Promise<Stats> {
  const { status, body } = await api.call<Stats>(OPERATOR, 'GET', '/v1/stats');
  if (status !== 200) throw new Error(`GET /v1/stats: ${String(status)}`);
  return body;
}

/** All lots of a post; null: it is not there any more. Asked as its donor, whose own rate limit counts. */
async function familyOf(api: Api, post: Posted): Promise<readonly LotSeen[] | null> {
  const who = { role: 'donor', org: post.donorId } as const;
  const { status, body } = await api.call<LotSeen & { lots?: LotSeen[] }>(who, 'GET', `/v1/surplus/${post.id}`);
  return status === 200 ? [body, ...(body.lots ?? [])] : null;
}

function enter(
  post: Posted,
  family: readonly LotSeen[] | null,
  byState: Map<string, { lots: number; grams: number }>,
  faults: string[],
): void {
  if (family === null) {
    faults.push(`lost: ${post.id} was answered 2xx and is not there`);
    return;
  }
  const grams = family.reduce((sum, lot) => sum + lot.quantityGrams, 0);
  if (grams !== post.quantityGrams) {
    faults.push(`${post.id}: ${String(post.quantityGrams)} g were posted, its lots hold ${String(grams)} g`);
  }
  for (const lot of family) {
    const entry = byState.get(lot.state) ?? { lots: 0, grams: 0 };
    byState.set(lot.state, { lots: entry.lots + 1, grams: entry.grams + lot.quantityGrams });
  }
}

function imbalances(stats: Stats, before: Stats, posted: ReadonlyMap<string, Posted>): string[] {
  const faults: string[] = [];
  const accounted = stats.collectedGrams + stats.expiredGrams + stats.cancelledGrams + stats.openGrams;
  if (stats.postedGrams !== accounted) {
    faults.push(
      `posted ${String(stats.postedGrams)} g ≠ collected + expired + cancelled + open ${String(accounted)} g`,
    );
  }
  const ours = [...posted.values()].reduce((sum, post) => sum + post.quantityGrams, 0);
  const more = stats.postedGrams - before.postedGrams;
  if (more < ours) faults.push(`${String(ours)} g were posted here, the books show only ${String(more)} g more`);
  return faults;
}

function chunksOf<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

import { deadLetterMessage, regionOfSubject } from '#adapters/nats/deadLetter.ts';
import type { Publish } from '#adapters/nats/publish.ts';
import type { OutboxRow } from '#adapters/postgres/sql/claimOutbox.ts';

/** The outbox of all regions; regions are signed ids. */
export interface Outbox {
  claim(region: string, limit: number, claimMs: number): Promise<readonly OutboxRow[]>;
  /** the lowest unpublished version of each lot of these rows, whoever holds it */
  earliest(region: string, claimed: readonly OutboxRow[]): Promise<ReadonlyMap<string, number>>;
  mark(region: string, rows: readonly OutboxRow[]): Promise<void>;
  release(region: string, rows: readonly OutboxRow[]): Promise<void>;
}

export interface BatchPorts {
  readonly outbox: Outbox;
  readonly publish: Publish;
  /** unix ms, for dead letters */
  readonly nowMs: () => number;
}

export interface BatchResult {
  readonly claimed: number;
  readonly published: readonly OutboxRow[];
  /** can never be published; a dead letter says so */
  readonly deadLettered: readonly OutboxRow[];
  /** given back because NATS did not take them: why */
  readonly failed: readonly { readonly row: OutboxRow; readonly because: string }[];
  /** given back because an earlier event of the same lot must go first */
  readonly blocked: readonly OutboxRow[];
}

export const BATCH = 100;
/** Longer than any batch takes; a relay that dies keeps its rows from others for this long. */
const CLAIM_MS = 6_000;
/** No publish starts later than this after the claim: its acknowledgement must still come within it. */
const PUBLISH_WITHIN_MS = 3_500;

type Fate = 'published' | 'dead' | { readonly failed: string };

/**
 * Claims a batch of one region, publishes it outside any lock, then marks it. A crash in between publishes the rows
 * again under the same Nats-Msg-Id. Lots go side by side, the events of one lot one after the other, and a lot stops
 * at its first failure: a later version never overtakes an earlier one.
 * @throws when PostgreSQL is away
 */
export async function relayBatch(ports: BatchPorts, region: string): Promise<BatchResult> {
  const startMs = performance.now();
  const claimed = await ports.outbox.claim(region, BATCH, CLAIM_MS);
  if (claimed.length === 0) return { claimed: 0, published: [], deadLettered: [], failed: [], blocked: [] };
  const chains = chainsOf(claimed);
  const earliest = await ports.outbox.earliest(region, claimed);
  const fates = new Map<OutboxRow, Fate>();
  const inTime = (): boolean => performance.now() - startMs < PUBLISH_WITHIN_MS;
  await Promise.all(
    [...chains].map(([lotId, chain]) => publishChain(ports, chain, earliest.get(lotId), fates, inTime)),
  );
  const done = claimed.filter((row) => typeof fates.get(row) === 'string');
  const left = claimed.filter((row) => !done.includes(row));
  if (done.length > 0) await ports.outbox.mark(region, done);
  if (left.length > 0) await ports.outbox.release(region, left);
  return {
    claimed: claimed.length,
    published: done.filter((row) => fates.get(row) === 'published'),
    deadLettered: done.filter((row) => fates.get(row) === 'dead'),
    failed: left.flatMap((row) => failureOf(row, fates.get(row))),
    blocked: left.filter((row) => !fates.has(row)),
  };
}

function failureOf(row: OutboxRow, fate: Fate | undefined): { row: OutboxRow; because: string }[] {
  return typeof fate === 'object' ? [{ row, because: fate.failed }] : [];
}

/** Each lot's rows by version. */
function chainsOf(rows: readonly OutboxRow[]): Map<string, OutboxRow[]> {
  const chains = new Map<string, OutboxRow[]>();
  for (const row of rows) {
    const chain = chains.get(row.lotId);
    if (chain === undefined) chains.set(row.lotId, [row]);
    else chain.push(row);
  }
  for (const chain of chains.values()) chain.sort((a, b) => a.lotVersion - b.lotVersion);
  return chains;
}

async function publishChain(
  ports: BatchPorts,
  chain: readonly OutboxRow[],
  earliestVersion: number | undefined,
  fates: Map<OutboxRow, Fate>,
  inTime: () => boolean,
): Promise<void> {
  const first = chain[0];
  if (first === undefined || (earliestVersion !== undefined && earliestVersion < first.lotVersion)) return;
  for (const row of chain) {
    const fate = inTime() ? await publishRow(ports, row) : { failed: 'the claim ran out' };
    fates.set(row, fate);
    if (typeof fate === 'object') return;
  }
}

async function publishRow(ports: BatchPorts, row: OutboxRow): Promise<Fate> {
  const { outboxId: id, subject, payload, traceparent } = row;
  const outcome = await ports.publish({ id, subject, payload, traceparent });
  if (outcome.stored) return 'published';
  if (!outcome.permanent) return { failed: outcome.because };
  const letter = await ports.publish(undeliverable(row, outcome.because, ports.nowMs()));
  return letter.stored ? 'dead' : { failed: letter.because };
}

/** What can't be published can't be carried in a dead letter either: it names the row, which stays in the outbox. */
function undeliverable(row: OutboxRow, because: string, nowMs: number): ReturnType<typeof deadLetterMessage> {
  return deadLetterMessage(
    `undeliverable:${row.outboxId}`,
    {
      cause: 'undeliverable',
      detail: `outbox row ${row.outboxId} could not be published: ${because}`,
      originalSubject: row.subject.slice(0, 200),
      originalPayload: null,
      lotId: row.lotId,
      region: regionOfSubject(row.subject),
      lotVersion: row.lotVersion,
      traceparent: row.traceparent,
    },
    nowMs,
  );
}

import { deadLetterMessage, regionOfSubject } from '#adapters/nats/deadLetter.ts';
import type { Publish } from '#adapters/nats/publish.ts';
import type { OutboxRow } from '#adapters/postgres/sql/readOutbox.ts';

/** The outbox of all regions; regions are signed ids. */
export interface Outbox {
  /** the oldest that are not published */
  due(region: string, limit: number): Promise<readonly OutboxRow[]>;
  /** what is not published and these rows would overtake: earlier events of their lots that are not among them, lowest versions first */
  overtaken(region: string, rows: readonly OutboxRow[], limit: number): Promise<readonly OutboxRow[]>;
  mark(region: string, rows: readonly OutboxRow[]): Promise<void>;
}

export interface BatchPorts {
  readonly outbox: Outbox;
  readonly publish: Publish;
  /** false: the region is somebody else's, who publishes what is left. @param region signed id */
  readonly owns: (region: string) => boolean;
  /** unix ms, for dead letters */
  readonly nowMs: () => number;
}

export interface BatchResult {
  readonly due: number;
  readonly published: readonly OutboxRow[];
  /** can never be published; a dead letter says so */
  readonly deadLettered: readonly OutboxRow[];
  /** left because NATS did not take them: why */
  readonly failed: readonly { readonly row: OutboxRow; readonly because: string }[];
  /** left because an earlier event of the same lot must go first, or because the time for this batch or the region's lease is over */
  readonly blocked: readonly OutboxRow[];
}

export const BATCH = 100;
/** No publish starts later than this after the rows were read: somebody else may have published later ones by then. */
const PUBLISH_WITHIN_MS = 3_500;

type Fate = 'published' | 'dead' | { readonly failed: string };

/**
 * Reads a batch of one region, publishes it outside any transaction, then marks it. The lease of the region's slot is the only lock. A crash
 * in between, or two relays while the lease moves, publish a row twice under the same Nats-Msg-Id: NATS keeps one. Lots go side by side, the
 * events of one lot one after the other, and a lot stops at its first failure: a later version never overtakes an earlier one.
 * @throws when PostgreSQL is away
 */
export async function relayBatch(ports: BatchPorts, region: string): Promise<BatchResult> {
  const startMs = performance.now();
  const due = await ports.outbox.due(region, BATCH);
  if (due.length === 0) return { due: 0, published: [], deadLettered: [], failed: [], blocked: [] };
  // Rows come by their time: when a clock was set back, an earlier version may stand behind what a full batch holds. It goes with the batch:
  // if it were waited for, a hundred lots like this would be every batch, for ever.
  const overtaken = due.length < BATCH ? [] : await ports.outbox.overtaken(region, due, BATCH);
  const rows = [...due, ...overtaken];
  const chains = chainsOf(rows.filter((row) => row.lotVersion <= completeUpTo(overtaken)));
  const fates = new Map<OutboxRow, Fate>();
  const mayGo = (): boolean => ports.owns(region) && performance.now() - startMs < PUBLISH_WITHIN_MS;
  await Promise.all(chains.map((chain) => publishChain(ports, chain, fates, mayGo)));
  const done = rows.filter((row) => typeof fates.get(row) === 'string');
  if (done.length > 0) await ports.outbox.mark(region, done);
  return {
    due: due.length,
    published: done.filter((row) => fates.get(row) === 'published'),
    deadLettered: done.filter((row) => fates.get(row) === 'dead'),
    failed: rows.flatMap((row) => failureOf(row, fates.get(row))),
    blocked: rows.filter((row) => !fates.has(row)),
  };
}

function failureOf(row: OutboxRow, fate: Fate | undefined): { row: OutboxRow; because: string }[] {
  return typeof fate === 'object' ? [{ row, because: fate.failed }] : [];
}

/** Of a higher version than this, an earlier event may be missing still: more were overtaken than were read. */
function completeUpTo(overtaken: readonly OutboxRow[]): number {
  const last = overtaken.at(-1);
  return last === undefined || overtaken.length < BATCH ? Infinity : last.lotVersion;
}

/** Each lot's rows by version. */
function chainsOf(rows: readonly OutboxRow[]): OutboxRow[][] {
  const chains = [...Map.groupBy(rows, (row) => row.lotId).values()];
  return chains.map((chain) => chain.sort((a, b) => a.lotVersion - b.lotVersion));
}

async function publishChain(
  ports: BatchPorts,
  chain: readonly OutboxRow[],
  fates: Map<OutboxRow, Fate>,
  mayGo: () => boolean,
): Promise<void> {
  for (const row of chain) {
    if (!mayGo()) return;
    const fate = await publishRow(ports, row);
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

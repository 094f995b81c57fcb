import { Counter, Gauge, type Registry } from 'prom-client';
import { type Backlog, readBacklog } from '#adapters/postgres/sql/readBacklog.ts';
import { readPartitionsReach } from '#adapters/postgres/sql/readPartitionsReach.ts';
import type { Queryable } from '#adapters/postgres/sql/queryable.ts';

const LOOK_EVERY_MS = 1_000;
const REACH_EVERY_MS = 60_000;
/** A process that was stopped for longer did not watch meanwhile. */
const LONGEST_GAP_SECONDS = 3;

/**
 * Looks once a second at what is left undone: the outbox, and lots that are overdue; once a minute at how far ahead tables reach. Relay and worker
 * both do, so that each is seen by another process than the one whose work it is. @returns stops it
 */
export function watchLedger(registry: Registry, db: Queryable): () => Promise<void> {
  const show = ledgerMeters(registry);
  const lookAhead = reachMeter(registry, db);
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let lastMs: number | null = null;
  let current: Promise<void> = Promise.resolve();
  /** Both, or what can't be looked at would seem watched. */
  const seen = async (): Promise<Backlog> => {
    const backlog = await readBacklog(db);
    await lookAhead();
    return backlog;
  };
  const look = async (): Promise<void> => {
    const nowMs = performance.now();
    const backlog = await seen().catch(() => null);
    const seconds = lastMs === null ? 0 : Math.min(LONGEST_GAP_SECONDS, (nowMs - lastMs) / 1_000);
    lastMs = backlog === null ? null : nowMs;
    if (backlog !== null) show(backlog, seconds);
    if (!stopped) timer = setTimeout(begin, LOOK_EVERY_MS);
  };
  const begin = (): void => {
    current = look();
  };
  begin();
  return async () => {
    stopped = true;
    clearTimeout(timer);
    await current;
  };
}

/** @returns looks when a minute is over */
function reachMeter(registry: Registry, db: Queryable): () => Promise<void> {
  const reach = new Gauge({
    name: 'ledger_partitions_reach_days',
    help: 'Days from now to the first moment that a partitioned table has no partition for',
    labelNames: ['table'],
    registers: [registry],
  });
  let nextMs = 0;
  return async () => {
    if (performance.now() < nextMs) return;
    for (const { table, days } of await readPartitionsReach(db)) reach.set({ table }, days);
    nextMs = performance.now() + REACH_EVERY_MS;
  };
}

/** @returns shows what was seen, for so many seconds */
function ledgerMeters(registry: Registry): (backlog: Backlog, seconds: number) => void {
  const registers = [registry];
  const rows = new Gauge({ name: 'outbox_unpublished_rows', help: 'Outbox rows yet to be published', registers });
  const oldest = new Gauge({ name: 'outbox_oldest_seconds', help: 'Age of the oldest of them; 0: none', registers });
  const overdue = new Gauge({
    name: 'lots_overdue',
    help: 'Open lots whose next action should have come longer ago than that',
    labelNames: ['than'],
    registers,
  });
  const watched = new Counter({
    name: 'ledger_watched_seconds_total',
    help: 'Seconds for which PostgreSQL said what is left undone',
    registers,
  });
  const bad = new Counter({
    name: 'ledger_overdue_seconds_total',
    help: 'Seconds of those with any lot overdue by more than 60 s',
    registers,
  });
  return (backlog, seconds) => {
    rows.set(backlog.unpublishedRows);
    oldest.set(backlog.oldestSeconds);
    overdue.set({ than: '5s' }, backlog.overdueLots);
    overdue.set({ than: '60s' }, backlog.longOverdueLots);
    watched.inc(seconds);
    bad.inc(backlog.longOverdueLots > 0 ? seconds : 0);
  };
}

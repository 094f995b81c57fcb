import { performance } from 'node:perf_hooks';
import { Gauge, type Registry } from 'prom-client';
import type { CellActors } from '#cell/cellActor.ts';
import type { Pool } from '#adapters/postgres/pool.ts';
import { keepWindow, type PoolUse, type Sample, saturationOf, saturationRatio } from './saturation.ts';

const SAMPLE_EVERY_MS = 1_000;

/** Looks once a second, and shows the last fifteen. */
export function watchSaturation(registry: Registry, actors: Pick<CellActors, 'loads'>, pool: Pool): void {
  let samples: Sample[] = [];
  const lending = watchLending(pool);
  const look = (): void => {
    const sample = sampleOf(actors, pool, lending());
    samples = keepWindow([...samples, sample], sample.atMs);
  };
  look();
  setInterval(look, SAMPLE_EVERY_MS).unref();
  showSaturation(registry, () => samples);
}

type Lending = Pick<PoolUse, 'lentMs' | 'inUse'>;

/** What connections are lent to somebody; those still being made are not. */
function watchLending(pool: Pool): () => Lending {
  const lent = new Set<unknown>();
  let [lentMs, atMs] = [0, performance.now()];
  const upToNow = (): Lending => {
    const nowMs = performance.now();
    lentMs += lent.size * (nowMs - atMs);
    atMs = nowMs;
    return { lentMs, inUse: lent.size };
  };
  pool.on('acquire', (client) => {
    upToNow();
    lent.add(client);
  });
  pool.on('release', (_, client) => {
    upToNow();
    lent.delete(client);
  });
  return upToNow;
}

function sampleOf(actors: Pick<CellActors, 'loads'>, { waitingCount, options }: Pool, lending: Lending): Sample {
  return {
    atMs: performance.now(),
    eventLoop: performance.eventLoopUtilization(),
    pool: { ...lending, waiting: waitingCount, max: options.max },
    cells: actors.loads(),
  };
}

function showSaturation(registry: Registry, samples: () => readonly Sample[]): void {
  const gauge = (name: string, help: string, collect: (this: Gauge) => void): Gauge =>
    new Gauge({ name, help, registers: [registry], collect });
  gauge('matching_engine_saturation_ratio', 'The largest part over 15 s; hosts are scaled by it', function () {
    this.set(saturationRatio(saturationOf(samples())));
  });
  new Gauge({
    name: 'matching_engine_saturation_part_ratio',
    help: 'Event-loop utilisation, share of the turn queues in use, database-pool use; each over 15 s',
    labelNames: ['part'],
    registers: [registry],
    collect() {
      const { eventLoop, turnQueues, databasePool } = saturationOf(samples());
      this.set({ part: 'event-loop' }, eventLoop);
      this.set({ part: 'turn-queues' }, turnQueues);
      this.set({ part: 'database-pool' }, databasePool);
    },
  });
  gauge('cell_busiest_ratio', 'Share of the last 15 s that the busiest cell was in a turn', function () {
    this.set(saturationOf(samples()).busiestCell);
  });
  gauge('cell_busiest_share_ratio', "The busiest cell's share of all commands of the last 15 s", function () {
    this.set(saturationOf(samples()).busiestShare);
  });
  gauge(
    'cell_queue_fullest_ratio',
    'Commands waiting for a turn in the fullest cell, as a share of where it refuses posts',
    function () {
      this.set(saturationOf(samples()).fullestQueue);
    },
  );
}

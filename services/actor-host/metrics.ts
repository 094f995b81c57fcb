import { Counter, Histogram, type Registry, collectDefaultMetrics } from 'prom-client';
import type { CellHooks } from '#cell/cell.ts';
import type { Logger } from 'pino';
import { createFoodMetrics } from './foodMetrics.ts';

/** What the cells report, by prom-client; no cell or recipient ids in labels. */
export function createCellMetrics(registry: Registry, log: Logger): CellHooks {
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const turnSize = new Histogram({
    name: 'cell_turn_commands',
    help: 'Commands in one turn',
    buckets: [1, 2, 4, 8, 16, 32, 64, 100],
    registers,
  });
  const turnWait = new Histogram({
    name: 'cell_turn_wait_seconds',
    help: 'How long the first command of a turn waited for it',
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
    registers,
  });
  const activations = new Counter({ name: 'cell_activations_total', help: 'Cells taken over by this host', registers });
  const fenced = new Counter({
    name: 'cell_fence_refusals_total',
    help: 'Writes refused because another host owns the cell',
    registers,
  });
  const failed = new Counter({
    name: 'cell_turn_failures_total',
    help: 'Turns that failed and were asked again',
    registers,
  });
  return {
    activated: () => activations.inc(),
    fenced: () => fenced.inc(),
    turned: (size, waitedMs) => {
      turnSize.observe(size);
      turnWait.observe(waitedMs / 1000);
    },
    wrote: createFoodMetrics(registry),
    failed: (error) => {
      failed.inc();
      log.warn({ err: error }, 'a turn failed');
    },
    random: Math.random,
  };
}

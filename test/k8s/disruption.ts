/** Whether every disruption budget is kept while something goes on. */
import { setTimeout as pause } from 'node:timers/promises';
import type { ApiServer } from './apiServer.ts';

export interface Kept {
  readonly budgets: number;
  readonly looks: number;
  readonly broken: readonly string[];
  /** of all looks, the fewest pods above what a budget asks for */
  readonly leastMargin: number;
}

const EVERY_MS = 250;

/** @returns stops watching, and tells */
export function watchBudgets(api: ApiServer, namespace: string): () => Promise<Kept> {
  let [isOver, looks, budgets, leastMargin] = [false, 0, 0, Number.POSITIVE_INFINITY];
  const broken = new Set<string>();
  const look = async (): Promise<void> => {
    const [asked, running] = await Promise.all([
      api.list(`/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`),
      api.list(`/apis/apps/v1/namespaces/${namespace}/deployments`),
    ]);
    looks++;
    budgets = asked.length;
    for (const { metadata, status } of asked) {
      // A budget has its deployment's name. The controller's own count of the healthy comes later than the deployment's.
      const found = running.find((each) => each.metadata.name === metadata.name);
      const margin = Number(found?.status.availableReplicas ?? 0) - Number(status.desiredHealthy);
      leastMargin = Math.min(leastMargin, margin);
      if (margin < 0) broken.add(`${String(metadata.name)}: ${String(-margin)} too few`);
    }
  };
  const going = (async () => {
    while (!isOver) {
      await look();
      await pause(EVERY_MS);
    }
  })();
  going.catch(() => undefined);
  return async () => {
    isOver = true;
    await going;
    return { budgets, looks, broken: [...broken], leastMargin };
  };
}

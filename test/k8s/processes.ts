/** Keeps what a stage of this folder consists of running; what it leaves behind is thrown away, so it is ended at once. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startInOrder, stopInOrder } from '../../dev/stack/order.ts';
import type { ProcessSpec } from '../../dev/stack/supervise/processSpec.ts';
import { Supervised } from '../../dev/stack/supervise/supervise.ts';

export interface Processes {
  start(name: string): Promise<void>;
  stop(name: string): Promise<void>;
  stopAll(): Promise<void>;
}

/** @throws Error naming who did not start, with the end of its log; then nothing of it runs any more */
export async function startProcesses(
  specs: readonly ProcessSpec[],
  dir: string,
  say: (line: string) => void,
): Promise<Processes> {
  mkdirSync(join(dir, 'logs'), { recursive: true });
  const running = new Map(
    specs.map((spec) => {
      const logPath = join(dir, 'logs', `${spec.name}.log`);
      // kube-apiserver takes 95 s to leave on SIGTERM while somebody watches
      return [
        spec.name,
        new Supervised({ stopSignal: 'SIGKILL', ...spec }, { logPath, say, changed: () => undefined }),
      ];
    }),
  );
  const find = (name: string): Supervised => {
    const found = running.get(name);
    if (!found) throw new Error(`no process ${name} here`);
    return found;
  };
  const stopAll = (): Promise<void> => stopInOrder(specs, (name) => find(name).stop());
  try {
    await startInOrder(specs, (name) => find(name).start());
  } catch (error) {
    await stopAll();
    throw error;
  }
  return { start: (name) => find(name).start(), stop: (name) => find(name).stop(), stopAll };
}

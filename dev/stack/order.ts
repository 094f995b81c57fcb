import type { ProcessSpec } from './supervise/processSpec.ts';

/** Starts each as soon as all it comes after are up. The first failure is thrown when all others have settled. */
export async function startInOrder(
  specs: readonly ProcessSpec[],
  start: (name: string) => Promise<void>,
): Promise<void> {
  const started = new Map<string, Promise<void>>();
  const startOne = (spec: ProcessSpec): Promise<void> => {
    const known = started.get(spec.name);
    if (known) return known;
    const before = specs.filter((other) => spec.after.includes(other.name));
    const promise = Promise.all(before.map(startOne)).then(() => start(spec.name));
    started.set(spec.name, promise);
    return promise;
  };
  const results = await Promise.allSettled(specs.map(startOne));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}

/** Stops each as soon as all that came after it are down. */
export async function stopInOrder(specs: readonly ProcessSpec[], stop: (name: string) => Promise<void>): Promise<void> {
  const mirrored = specs.map((spec) => ({
    ...spec,
    after: specs.filter((other) => other.after.includes(spec.name)).map(({ name }) => name),
  }));
  await startInOrder(mirrored, stop);
}

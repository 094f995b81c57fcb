/**
 * Ctrl-C and SIGTERM end a run in order: what it has started is stopped, the last first, and then the process ends. Told again, it
 * ends at once.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const STOPPED_BY_SIGNAL = 130;
const stops: (() => unknown)[] = [];
const told = new AbortController();

/** Aborted once the process is told to end: what is just starting gives up. */
export function endSignal(): AbortSignal {
  listen();
  return told.signal;
}

/** @param stop waits until it is stopped, or was never there */
export function stopAtEnd(stop: () => unknown): void {
  listen();
  stops.push(stop);
}

/** Stopped at the end, or as soon as it has started by then. */
export async function untilEnd<Started extends { stop(): Promise<unknown> }>(
  starting: Promise<Started>,
): Promise<Started> {
  stopAtEnd(async () => (await starting).stop());
  return await starting;
}

/** A folder of its own among the temporary ones. @returns with what removes it; the end does, too */
export function temporaryFolder(name: string): { readonly dir: string; readonly remove: () => void } {
  const dir = mkdtempSync(join(tmpdir(), `${name}-`));
  const remove = (): void => rmSync(dir, { recursive: true, force: true });
  stopAtEnd(remove);
  return { dir, remove };
}

/** @returns undoes what was done so far, the last first, all of it even if some fails; asked again, it is the same undoing */
export function undoing(done: readonly (() => unknown)[]): () => Promise<void> {
  let undone: Promise<void> | undefined;
  const undoAll = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (const undo of done.toReversed()) await Promise.try(undo).catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  };
  return () => (undone ??= undoAll());
}

function listen(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    if (!process.listeners(signal).includes(end)) process.on(signal, end);
}

function end(signal: NodeJS.Signals): void {
  if (told.signal.aborted) process.exit(STOPPED_BY_SIGNAL);
  process.stderr.write(`${signal}: stopping what was started\n`);
  // What was under way fails of what is stopped under it, which is nobody's news.
  for (const failing of ['uncaughtException', 'unhandledRejection']) process.on(failing, () => undefined);
  told.abort(new Error(`stopped by ${signal}`));
  const stop = undoing(stops);
  // what never came up, or says elsewhere why it won't go
  void stop()
    .catch(() => undefined)
    .finally(() => process.exit(STOPPED_BY_SIGNAL));
}

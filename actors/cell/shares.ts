/** A call's commands by cell, and their answers in the order asked. */
import { lotIdOfCommand, type Command } from '#core/lots/command.ts';
import { cellOf, type CellToken } from '#core/words/ids.ts';
import { MAX_BATCH, MOVED, type Away, type CellAnswer, type TurnRequest } from './contract.ts';

/**
 * Nobody in a call waits longer than this for another cell: who is slow is asked for alone. Shorter than what a call may take (1 s), and
 * than a host is given to end its calls when cells move (0.5 s).
 */
const TOGETHER_MS = 400;

/** What a call brings one cell. */
export interface Share {
  readonly cell: CellToken;
  readonly commands: readonly Command[];
  readonly traceparents: readonly (string | null)[] | null;
  /** where they stood in the call */
  readonly places: readonly number[];
}

/** @throws RangeError when the request is malformed */
export function sharesOf({ commands, traceparents }: TurnRequest): Share[] {
  if (!Array.isArray(commands) || commands.length > MAX_BATCH) throw new RangeError('a turn takes 1 to 100 commands');
  const asked: readonly Command[] = commands;
  const traces: readonly (string | null)[] | null = Array.isArray(traceparents) ? traceparents : null;
  const byCell = Map.groupBy(asked.keys(), (n) => cellOf(lotIdOfCommand(asked[n] as Command)));
  return [...byCell].map(([cell, places]) => ({
    cell,
    commands: places.map((n) => asked[n] as Command),
    traceparents: traces && places.map((n) => traces[n] ?? null),
    places,
  }));
}

/** The answers of each share, in the order of the call's commands. */
export function inOrder<Given>(shares: readonly Share[], answers: readonly (readonly Given[])[]): Given[] {
  const ordered: Given[] = [];
  shares.forEach(({ places }, share) => {
    places.forEach((place, n) => (ordered[place] = answers[share]?.[n] as Given));
  });
  return ordered;
}

/** What is late may still be done: its callers ask again under the same ids. */
export async function inTime(
  turn: Promise<readonly CellAnswer[]>,
  { commands }: Share,
): Promise<readonly (CellAnswer | Away)[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, TOGETHER_MS)));
  return await Promise.race([turn, late.then(() => commands.map(() => MOVED))]).finally(() => clearTimeout(timer));
}

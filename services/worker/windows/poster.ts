/** Recurring windows whose time has come are posted: once for each window and day, however many workers look. */
import type { Logger } from 'pino';
import type { CellClient } from '#cell/contract.ts';
import { cellAt } from '#adapters/geo/s2.ts';
import type { DueWindow, PostingWindow, WindowDone } from '#adapters/postgres/sql/windows.ts';
import type { Answer, Post } from '#core/lots/command.ts';
import { nextOccurrence, type Occurrence } from '#core/windows/schedule.ts';
import { cellOf, lotIdOf, type DonorId } from '#core/words/ids.ts';
import { createLimit } from '#adapters/batching/limit.ts';

export interface PosterPorts {
  readonly cells: Pick<CellClient, 'send'>;
  readonly due: (limit: number) => Promise<readonly DueWindow[]>;
  readonly take: (window: PostingWindow) => Promise<boolean>;
  readonly close: (window: PostingWindow, done: WindowDone) => Promise<void>;
  readonly newUuid: (atMs: number) => string;
  readonly nowMs: () => number;
  readonly onPosted: (outcome: WindowDone['outcome'] | 'later') => void;
  readonly log: Pick<Logger, 'warn'>;
}

/**
 * Later than this nobody counts on it any more: the kitchen may have gone home. Shorter than a command's row is kept, so
 * that a repeat always meets its first; shorter than any food is good.
 */
export const GRACE_MS = 30 * 60_000;
/** So long a day that was asked for in time is asked after: its answer was lost, or its cell is away. */
export const ASK_AFTER_MS = 6 * 60 * 60_000;
export const WINDOWS_A_ROUND = 200;
/** As many kitchens say nine o'clock; those of one host's cells go in one call. */
const POSTS_AT_ONCE = 32;
const POST_DEADLINE_MS = 3_000;

/** @returns one look at what is due, which tells whether another is worth it at once. @throws when PostgreSQL is away */
export function createWindowPoster(ports: PosterPorts): () => Promise<boolean> {
  const atOnce = createLimit(POSTS_AT_ONCE);

  async function post(window: DueWindow): Promise<void> {
    const { next, last } = window;
    if (next === null) return;
    if (last?.day === next.day) return ports.close(window, { ...last, next: nextAfter(window, next) });
    const lateMs = ports.nowMs() - next.atMs;
    const isTooLate = lateMs > GRACE_MS;
    if (isTooLate && (window.postingDay !== next.day || lateMs > ASK_AFTER_MS)) return miss(window, next);
    if (!(await ports.take(window))) return;
    // Said to be paused, the cell tells what it did on that day, and posts nothing now.
    const donorPaused = window.donorPaused || isTooLate;
    const answer = await ask(commandOf({ ...window, donorPaused }, next, ports.newUuid(ports.nowMs())));
    const outcome = outcomeOf(answer);
    if (isTooLate && outcome === 'paused') return miss(window, next);
    if (!answer.ok) ports.log.warn({ windowId: window.id, refused: answer.refused }, 'a recurring post was refused');
    await close(window, next, { outcome, surplusId: answer.ok ? (answer.surplus?.id ?? null) : null });
  }

  async function ask(command: Post): Promise<Answer> {
    const answer = await ports.cells.send(cellOf(command.lotId), command, { deadlineMs: POST_DEADLINE_MS });
    if ('elsewhere' in answer) throw new Error('a recurring post was claimed elsewhere');
    return answer;
  }

  async function miss(window: DueWindow, day: Occurrence): Promise<void> {
    await close(window, day, { outcome: 'missed', surplusId: null });
    ports.log.warn({ windowId: window.id, day: day.day }, 'a recurring post came too late and was left out');
  }

  async function close(window: DueWindow, done: Occurrence, what: Omit<WindowDone, 'next'>): Promise<void> {
    await ports.close(window, { ...what, next: nextAfter(window, done) });
    ports.onPosted(what.outcome);
  }

  function nextAfter(window: DueWindow, done: Occurrence): Occurrence | null {
    const after = Math.max(done.atMs, ports.nowMs() - GRACE_MS);
    return nextOccurrence(window, window.timeZone, after, done.day);
  }

  /** @returns whether it is done with */
  async function attempt(window: DueWindow): Promise<boolean> {
    try {
      await post(window);
      return true;
    } catch (error) {
      ports.onPosted('later');
      ports.log.warn({ because: String(error), windowId: window.id }, 'a recurring post waits for the next round');
      return false;
    }
  }

  return async () => {
    const due = await ports.due(WINDOWS_A_ROUND);
    const done = await Promise.all(due.map((window) => atOnce(() => attempt(window))));
    // Where cells are away, it is the next round that asks again.
    return due.length === WINDOWS_A_ROUND && done.every(Boolean);
  };
}

function outcomeOf(answer: Answer): WindowDone['outcome'] {
  if (answer.ok) return 'posted';
  return answer.refused === 'donor-paused' ? 'paused' : 'refused';
}

/** One command for a window and its day: a repeat, by whichever worker, gets the first answer and posts nothing. */
function commandOf(window: DueWindow, { day, atMs }: Occurrence, uuid: string): Post {
  const { id, donorId, lat, lon, category, storage, quantityGrams, note, temperature } = window;
  return {
    kind: 'post',
    id: `window:${id}:${day}`,
    // The id says it all: what a repeat asks for may have been changed meanwhile.
    fingerprint: 'window',
    lotId: lotIdOf(cellAt({ lat, lon }), uuid),
    donorId: donorId as DonorId,
    lat,
    lon,
    category,
    storage,
    quantityGrams,
    servings: null,
    readyFromMs: null,
    safeUntilMs: atMs + window.goodForMinutes * 60_000,
    note,
    temperature,
    // The cell says so: a day that was posted before the pause stays posted.
    ...(window.donorPaused ? { donorPaused: true } : {}),
  };
}

/**
 * Who may come in, so that whoever comes in is answered in time. The wait is estimated by Little's law: commands under way
 * divided by how many a second were answered lately. A short queue is a good one: it makes batches, and rides out a cell's move
 * to another host. Only a queue that has stood for a while is kept short (CoDel's idea, as in "Fail at Scale", ACM Queue 2015).
 */
export type Kind = 'post' | 'answer';

export interface Admission {
  /** @returns what to call once when the command has been answered (with whether it was done); null: refused, nothing begun */
  enter(kind: Kind): ((done: boolean) => void) | null;
  /** commands under way, and how many of them new posts are let in up to */
  readonly inFlight: number;
  limit(): number;
}

/** What a post waits at most while the queue stands: well under the 500 ms of the objective's p95. */
const STANDING_WAIT_MS = 400;
/** What it may wait while the queue is young: half of the 5 s after which a caller is told that nobody knows. */
const BURST_WAIT_MS = 2_500;
/** A queue that has been longer than the standing wait for so long won't go away by itself. */
const STANDS_AFTER_MS = 5_000;
/** So many are let in whatever the estimate: a quiet city has no rate to speak of, and batches need something to grow from. */
const MIN_IN_FLIGHT = 64;
/** Answers (accept, handover, …) finish what was begun: they are let in up to this many times what posts are. */
const ANSWERS_FACTOR = 4;
/** The best second of so many counts: a pause says nothing about what we can do. */
const SECONDS = 10;

export function createAdmission(nowMs: () => number): Admission {
  const rate = createBestRate();
  const inFlight = { post: 0, answer: 0 };
  let shortAtMs = nowMs();

  const total = (): number => inFlight.post + inFlight.answer;
  function within(waitMs: number, now: number): number {
    return Math.max(MIN_IN_FLIGHT, (rate.perSecond(now) * waitMs) / 1000);
  }
  function limit(): number {
    const now = nowMs();
    // Half: a queue that is kept at its bound is not short, or each place that gets free would begin a new burst.
    if (total() <= within(STANDING_WAIT_MS, now) / 2) shortAtMs = now;
    return within(now - shortAtMs > STANDS_AFTER_MS ? STANDING_WAIT_MS : BURST_WAIT_MS, now);
  }

  return {
    enter(kind) {
      const bound = limit();
      const isFull = kind === 'post' ? total() >= bound : inFlight.answer >= bound * ANSWERS_FACTOR;
      if (isFull) return null;
      inFlight[kind]++;
      return (done) => {
        inFlight[kind]--;
        if (done) rate.count(nowMs());
      };
    },
    get inFlight() {
      return total();
    },
    limit,
  };
}

/** The most that was counted in one of the last ten seconds. */
function createBestRate(): { count(now: number): void; perSecond(now: number): number } {
  const counts = new Array<number>(SECONDS).fill(0);
  let second = 0;
  function turnTo(now: number): void {
    const current = Math.floor(now / 1000);
    for (let at = Math.max(second + 1, current - SECONDS + 1); at <= current; at++) counts[at % SECONDS] = 0;
    second = Math.max(second, current);
  }
  return {
    count(now) {
      turnTo(now);
      counts[second % SECONDS] = (counts[second % SECONDS] ?? 0) + 1;
    },
    perSecond(now) {
      turnTo(now);
      return Math.max(...counts);
    },
  };
}

/**
 * Who may come in, so that whoever comes in is answered in time. How many that is, nobody knows beforehand: more under way make
 * larger batches, and those more answers a second, until they only wait. So it is found out: while answers come in time the
 * bound grows, when they are late it shrinks (additive-increase in spirit, as TCP does it). A short queue is a good one, and one
 * that stands for a moment rides out a cell's move: only a queue that has stood for a while is held to the bound (CoDel's idea, as
 * in "Fail at Scale", ACM Queue 2015).
 */
export type Kind = 'post' | 'answer';

export interface Admission {
  /** @returns what to call once when the command has been answered (with whether it was done); null: refused, nothing begun */
  enter(kind: Kind): ((done: boolean) => void) | null;
  /** commands under way, and how many of them new posts are let in up to */
  readonly inFlight: number;
  limit(): number;
}

/** What a post waits while the queue stands. Shorter queues make smaller batches, so fewer are answered, and those no sooner (ADR 0010). */
const STANDING_WAIT_MS = 1_500;
/** What it may wait while the queue is young: half of the 5 s after which a caller is told that nobody knows. */
const BURST_WAIT_MS = 2_500;
/** A queue that has been longer than its bound for so long won't go away by itself. */
const STANDS_AFTER_MS = 5_000;
/** Never fewer, whatever was seen: batches need something to grow from, and a quiet city has no rate to speak of. */
const MIN_BOUND = 250;
const WINDOW_MS = 250;
const [SHRINK, GROW] = [0.8, 1.1];
/** Answers (accept, handover, …) finish what was begun: they are let in up to this many times what posts are. */
const ANSWERS_FACTOR = 4;
/** The best second of the last ten: a pause says nothing about what we can do. */
const LATELY = { windowMs: 1_000, windows: 10 };
/** Nor does a quiet city: the best ten seconds of the last ten minutes. Not the best second: after a pause all that waited is answered in one. */
const BEFORE = { windowMs: 10_000, windows: 60 };

export function createAdmission(nowMs: () => number): Admission {
  const rates = [createBestRate(LATELY), createBestRate(BEFORE)];
  const bound = createBound(nowMs());
  const inFlight = { post: 0, answer: 0 };
  let shortAtMs = nowMs();

  const total = (): number => inFlight.post + inFlight.answer;
  function limit(): number {
    const now = nowMs();
    const standing = bound.at(now);
    // Half: a queue that is kept at its bound is not short, or each place that gets free would begin a new burst.
    if (total() <= standing / 2) shortAtMs = now;
    const perSecond = Math.max(...rates.map((rate) => rate.perSecond(now)));
    const burst = Math.max(MIN_BOUND, (perSecond * BURST_WAIT_MS) / 1000);
    return now - shortAtMs > STANDS_AFTER_MS ? Math.min(standing, burst) : burst;
  }

  return {
    enter(kind) {
      const most = limit();
      const isFull = kind === 'post' ? total() >= most : inFlight.answer >= most * ANSWERS_FACTOR;
      if (isFull) return null;
      inFlight[kind]++;
      const sinceMs = nowMs();
      return (done) => {
        const now = nowMs();
        bound.answered(now, now - sinceMs, total());
        inFlight[kind]--;
        if (done) for (const rate of rates) rate.count(now);
      };
    },
    get inFlight() {
      return total();
    },
    limit,
  };
}

interface Bound {
  answered(nowMs: number, waitedMs: number, underWay: number): void;
  at(nowMs: number): number;
}

/** How many may be under way for answers to come within the standing wait, by what the last windows showed. */
function createBound(startMs: number): Bound {
  let bound = MIN_BOUND;
  let [endMs, answers, waitedMs, most] = [startMs + WINDOW_MS, 0, 0, 0];
  function judge(now: number): void {
    if (now < endMs) return;
    if (answers > 0 && waitedMs / answers > STANDING_WAIT_MS) bound = Math.max(MIN_BOUND, bound * SHRINK);
    else if (most > bound * SHRINK) bound *= GROW;
    [endMs, answers, waitedMs, most] = [now + WINDOW_MS, 0, 0, 0];
  }
  return {
    answered(now, waited, underWay) {
      judge(now);
      answers++;
      waitedMs += waited;
      most = Math.max(most, underWay);
    },
    at(now) {
      judge(now);
      return bound;
    },
  };
}

/** The most that was counted in one of the last windows. */
function createBestRate({ windowMs, windows }: typeof LATELY): {
  count(now: number): void;
  perSecond(now: number): number;
} {
  const counts = new Array<number>(windows).fill(0);
  let [window, best] = [0, 0];
  function turnTo(now: number): void {
    const current = Math.floor(now / windowMs);
    if (current <= window) return;
    for (let at = Math.max(window + 1, current - windows + 1); at <= current; at++) counts[at % windows] = 0;
    window = current;
    best = Math.max(...counts);
  }
  return {
    count(now) {
      turnTo(now);
      const counted = (counts[window % windows] ?? 0) + 1;
      counts[window % windows] = counted;
      best = Math.max(best, counted);
    },
    perSecond(now) {
      turnTo(now);
      return (best * 1_000) / windowMs;
    },
  };
}

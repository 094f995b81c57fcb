/**
 * Who may come in, so that whoever comes in is answered in time. How many that is, nobody knows beforehand: more under way make
 * larger batches, and those more answers a second, until they only wait. So it is found out: while those under way will be
 * answered in time the bound grows, else it goes to what can be. What they will wait is told by Little's law (those under way, by the
 * answers a second), not by what others waited: that is a queue of seconds ago, and who steers by it overshoots, there and back (ADR 0010).
 * A short queue is a good one, and one that stands for a moment rides out a cell's move: only a queue that has stood for a while is
 * held to the bound (CoDel's idea, as in "Fail at Scale", ACM Queue 2015).
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
const STANDING_WAIT_MS = 800;
/** What it may wait while the queue is young: some wait twice that, and after 5 s a caller is told that nobody knows. */
const BURST_WAIT_MS = 1_600;
/** Or as many as come in so long in calm times: while a cell moves (about 2 s) nobody is answered, and nobody is to be refused. */
const SILENCE_MS = 2_500;
/** A queue that has been longer than its bound for so long won't go away by itself. */
const STANDS_AFTER_MS = 3_000;
/** Never fewer, whatever was seen: batches need something to grow from, and a quiet city has no rate to speak of. */
const MIN_BOUND = 250;
/** A second can be slow by chance: four times in it the bound is looked at, and goes down by this much at most. */
const LOOKED_AT_MS = 250;
const SHRINK = 0.8;
/** Answers (accept, handover, …) finish what was begun: they are let in up to this many times what posts are. */
const ANSWERS_FACTOR = 4;
const NOW = { windowMs: LOOKED_AT_MS, windows: 4 };
/** The best of the last ten seconds: a pause says nothing about what we can do. In windows as long as the wait: a single second may hold what waited in others. */
const LATELY = { windowMs: BURST_WAIT_MS, windows: 6 };
/** Nor does a quiet city: the best ten seconds of the last ten minutes. */
const BEFORE = { windowMs: 10_000, windows: 60 };

export function createAdmission(nowMs: () => number): Admission {
  const [entered, answered] = [createCounts(NOW), createCounts(NOW)];
  const done = [createCounts(LATELY), createCounts(BEFORE)];
  const bound = createBound(nowMs());
  const inFlight = { post: 0, answer: 0 };
  let [shortAtMs, calmPerSecond] = [nowMs(), 0];

  const total = (): number => inFlight.post + inFlight.answer;
  function limit(): number {
    const now = nowMs();
    const standing = bound.at(now, () => answered.mean(now));
    // Half: a queue that is kept at its bound is not short, or each place that gets free would begin a new burst.
    if (total() <= standing / 2) [shortAtMs, calmPerSecond] = [now, entered.mean(now)];
    const bestPerSecond = Math.max(...done.map((counts) => counts.best(now)));
    const burst = Math.max(MIN_BOUND, within(BURST_WAIT_MS, bestPerSecond), within(SILENCE_MS, calmPerSecond));
    return now - shortAtMs > STANDS_AFTER_MS ? Math.min(standing, burst) : burst;
  }

  return {
    enter(kind) {
      const most = limit();
      const isFull = kind === 'post' ? total() >= most : inFlight.answer >= most * ANSWERS_FACTOR;
      if (isFull) return null;
      inFlight[kind]++;
      entered.count(nowMs());
      return (isDone) => {
        const now = nowMs();
        inFlight[kind]--;
        answered.count(now);
        if (isDone) for (const counts of done) counts.count(now);
      };
    },
    get inFlight() {
      return total();
    },
    limit,
  };
}

function within(ms: number, perSecond: number): number {
  return (perSecond * ms) / 1_000;
}

/** How many may be under way to be answered within the standing wait. */
function createBound(startMs: number): { at(nowMs: number, answersPerSecond: () => number): number } {
  let [bound, nextMs] = [MIN_BOUND, startMs + LOOKED_AT_MS];
  return {
    at(now, answersPerSecond) {
      if (now < nextMs) return bound;
      nextMs = now + LOOKED_AT_MS;
      const perSecond = answersPerSecond();
      // Where nobody was answered nothing was seen.
      if (perSecond > 0) bound = Math.max(MIN_BOUND, within(STANDING_WAIT_MS, perSecond), bound * SHRINK);
      return bound;
    },
  };
}

interface Counts {
  count(nowMs: number): void;
  /** a second, over the whole windows */
  mean(nowMs: number): number;
  /** a second, in the best window; the one that is not over yet counts too */
  best(nowMs: number): number;
}

/** What happened in the last windows. */
function createCounts({ windowMs, windows }: { readonly windowMs: number; readonly windows: number }): Counts {
  /** the current window's, and those of as many before it */
  const counts = new Array<number>(windows + 1).fill(0);
  let [window, best, sum] = [0, 0, 0];
  function turnTo(now: number): void {
    const current = Math.floor(now / windowMs);
    if (current <= window) return;
    for (let at = Math.max(window + 1, current - windows); at <= current; at++) counts[at % counts.length] = 0;
    window = current;
    best = Math.max(...counts);
    sum = counts.reduce((all, each) => all + each, 0);
  }
  return {
    count(now) {
      turnTo(now);
      const counted = (counts[window % counts.length] ?? 0) + 1;
      counts[window % counts.length] = counted;
      best = Math.max(best, counted);
    },
    mean(now) {
      turnTo(now);
      return (sum * 1_000) / (windowMs * windows);
    },
    best(now) {
      turnTo(now);
      return (best * 1_000) / windowMs;
    },
  };
}

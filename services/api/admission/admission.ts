/**
 * Who may come in, so that whoever comes in is answered in time. How many that is, nobody knows beforehand: more under way make
 * larger batches, and those more answers a second, until they only wait. So it is found out: as many as were answered a second
 * just now, times the wait we want (Little's law). Not by what others waited: that is a queue of seconds ago, and who steers by it
 * overshoots, there and back (ADR 0010).
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

/** What a post waits while the queue stands. Shorter queues make smaller batches, so fewer are answered (ADR 0010). */
const STANDING_WAIT_MS = 800;
/** What it may wait while the queue is young, by the best that was seen: some wait twice that, and after 5 s a caller is told that nobody knows. */
const BURST_WAIT_MS = 1_600;
/** Or as many as came in within this time while the queue was short: while a cell moves (about 2 s) nobody is answered, and nobody is to be refused. */
const SILENCE_MS = 2_500;
/** A queue that has not been short for so long (half of its bound at most) won't go away by itself. */
const STANDS_AFTER_MS = 3_000;
/** Never fewer, whatever was seen: batches need something to grow from, and a quiet city has no rate to speak of. */
const MIN_BOUND = 250;
/** Answers (accept, handover, …) finish what was begun: they are let in up to this many times what posts are. */
const ANSWERS_FACTOR = 4;
/** Of what comes in: the last second. */
const CALM = { windowMs: 250, windows: 4 };
/** Of what is done: the best of the last four seconds, for any of them may be slow by chance. */
const NOW = { windowMs: 1_000, windows: 3 };
/** The best of the last ten seconds: a pause says nothing about what we can do. In windows as long as the wait: a single second may hold what waited in others. */
const LATELY = { windowMs: BURST_WAIT_MS, windows: 6 };
/** Nor does a quiet city: the best ten seconds of the last ten minutes. */
const BEFORE = { windowMs: 10_000, windows: 60 };

export function createAdmission(nowMs: () => number): Admission {
  const entered = createCounts(CALM);
  /** Only what was done: who is refused for other reasons is answered at once, and says nothing about what can be done. */
  const done = { now: createCounts(NOW), lately: createCounts(LATELY), before: createCounts(BEFORE) };
  const inFlight = { post: 0, answer: 0 };
  let [shortAtMs, calmPerSecond] = [nowMs(), 0];

  const total = (): number => inFlight.post + inFlight.answer;
  function limit(): number {
    const now = nowMs();
    const standing = Math.max(MIN_BOUND, expectedIn(STANDING_WAIT_MS, done.now.best(now)));
    // Half: a queue that is kept at its bound is not short, or each place that gets free would begin a new burst.
    if (total() <= standing / 2) [shortAtMs, calmPerSecond] = [now, entered.mean(now)];
    if (now - shortAtMs > STANDS_AFTER_MS) return standing;
    const bestPerSecond = Math.max(done.lately.best(now), done.before.best(now));
    const inSilence = expectedIn(SILENCE_MS, Math.min(calmPerSecond, bestPerSecond));
    return Math.max(MIN_BOUND, expectedIn(BURST_WAIT_MS, bestPerSecond), inSilence);
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
        if (isDone) for (const counts of Object.values(done)) counts.count(now);
      };
    },
    get inFlight() {
      return total();
    },
    limit,
  };
}

function expectedIn(ms: number, perSecond: number): number {
  return (perSecond * ms) / 1_000;
}

interface Counts {
  count(nowMs: number): void;
  /** a second, over the windows before the current one */
  mean(nowMs: number): number;
  /** a second, in the best window; the one that is not over yet counts too */
  best(nowMs: number): number;
}

/** What happened in the last windows. */
function createCounts({ windowMs, windows }: { readonly windowMs: number; readonly windows: number }): Counts {
  /** the current window's count, and those of the `windows` before it */
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

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createAdmission, type Admission, type Kind } from './admission.ts';

interface Played {
  readonly answered: number;
  readonly refused: number;
  /** ms, of those that were answered in the last ten seconds */
  readonly longestWaitMs: number;
}

const STEP_MS = 10;

interface Scene {
  readonly admission: Admission;
  /** plays on from where it was */
  play(seconds: number, postsPerSecond: number, canPerSecond: number | Cells): Played;
}

/** What is behind the door. */
interface Cells {
  /** answers a second */
  can(waiting: number): number;
  /** answers that come together */
  readonly atOnce: number;
}

/** A cell that answers in order, so many a second; posts that come in evenly. */
function scene(): Scene {
  let nowMs = 1_000_000;
  const admission = createAdmission(() => nowMs);
  const queue: { readonly sinceMs: number; readonly leave: (done: boolean) => void }[] = [];
  return {
    admission,
    play(seconds, postsPerSecond, canPerSecond) {
      let [answered, refused, longestWaitMs, due, room] = [0, 0, 0, 0, 0];
      const endMs = nowMs + seconds * 1000;
      const { can, atOnce }: Cells =
        typeof canPerSecond === 'number' ? { can: () => canPerSecond, atOnce: 1 } : canPerSecond;
      for (; nowMs < endMs; nowMs += STEP_MS) {
        for (due += (postsPerSecond * STEP_MS) / 1000; due >= 1; due--) {
          const leave = admission.enter('post');
          if (leave === null) refused++;
          else queue.push({ sinceMs: nowMs, leave });
        }
        for (room += (can(queue.length) * STEP_MS) / 1000; room >= atOnce; room -= atOnce) {
          for (const { sinceMs, leave } of queue.splice(0, atOnce)) {
            leave(true);
            answered++;
            if (endMs - nowMs < 10_000) longestWaitMs = Math.max(longestWaitMs, nowMs - sinceMs);
          }
        }
      }
      return { answered, refused, longestWaitMs };
    },
  };
}

it('within what can be done nobody is refused', () => {
  const { play } = scene();
  assert.equal(play(60, 900, 1_000).refused, 0);
});

it('at twice and at ten times the capacity all of it is used, and who is let in waits for a fifth of a caller’s patience at most', () => {
  for (const times of [2, 10]) {
    const { play } = scene();
    play(10, 500, 1_000);
    const { answered, refused, longestWaitMs } = play(30, 1_000 * times, 1_000);
    assert.ok(answered >= 30_000 * 0.98, String(answered));
    assert.ok(refused > 0 && longestWaitMs <= 1_000, String(longestWaitMs));
    assert.equal(play(10, 500, 1_000).refused, 0, 'and then all is as before');
  }
});

it('under a flood people are let in evenly and wait no longer than said, also where answers come together, and more of them the more wait', () => {
  const { play } = scene();
  const cells: Cells = { can: (waiting) => (1_200 * waiting) / (waiting + 250), atOnce: 64 };
  play(10, 5_000, cells);
  for (let second = 0; second < 30; second++) {
    const { answered, refused, longestWaitMs } = play(1, 5_000, cells);
    const entered = 5_000 - refused;
    assert.ok(entered >= 700 && entered <= 1_100, `${String(entered)} in second ${String(second)}`);
    assert.ok(answered >= 800 && longestWaitMs <= 1_000, `${String(answered)}, ${String(longestWaitMs)} ms`);
  }
});

it('what is refused for other reasons, at once, says nothing about what can be done', () => {
  const { play, admission } = scene();
  play(20, 900, 1_000);
  for (let ms = 0; ms < 3_000; ms += 10) {
    play(0.01, 900, 1_000);
    for (let n = 0; n < 40; n++) admission.enter('post')?.(false);
  }
  let most = 0;
  for (let second = 0; second < 10; second++) {
    const { refused } = play(1, 5_000, 1_000);
    most = Math.max(most, admission.inFlight);
    assert.ok(second < 6 || (5_000 - refused > 700 && 5_000 - refused < 1_300), `${String(refused)} refused`);
  }
  assert.ok(most <= 2_500, String(most));
});

it('a crowd who come again as soon as they are answered ride out a silence of half a second, and of two', () => {
  for (const silence of [0.5, 1, 2]) {
    const { play, admission } = scene();
    const room = (): number => 512 - admission.inFlight;
    let refused = 0;
    const go = (seconds: number, can: number): void => {
      for (let ms = 0; ms < seconds * 1_000; ms += 10) {
        refused += play(0.01, room() * 100, can).refused;
        admission.enter('answer')?.(false);
      }
    };
    play(10, 500, 1_000);
    go(10, 1_000);
    go(silence, 0);
    go(5, 1_000);
    assert.equal(refused, 0, `after ${String(silence)} s`);
  }
});

it('that less can be done is known after four seconds', () => {
  const { play } = scene();
  play(10, 5_000, 1_000);
  play(7, 5_000, 400);
  const { longestWaitMs } = play(3, 5_000, 400);
  assert.ok(longestWaitMs <= 1_000, String(longestWaitMs));
});

it('after five seconds it is known what a second brings', () => {
  const { play, admission } = scene();
  play(5, 900, 1_000);
  assert.ok(admission.limit() >= 1_400, String(admission.limit()));
});

it('after an hour without anybody nothing is known any more', () => {
  const { play, admission } = scene();
  play(20, 900, 1_000);
  play(3_600, 0, 1_000);
  assert.equal(admission.limit(), 250);
});

it('a crowd after a quiet while is let in as far as was seen to be possible, and forgotten after ten minutes', () => {
  const { play, admission } = scene();
  const crowd = (): number => {
    const leave = Array.from({ length: 5_000 }, () => admission.enter('post')).filter((each) => each !== null);
    for (const each of leave) each(false);
    return leave.length;
  };
  play(20, 900, 1_000);
  for (const minutes of [1, 8]) {
    play(60 * minutes, 1, 1_000);
    const entered = crowd();
    assert.ok(entered >= 1_400 && entered <= 1_500, String(entered));
  }
  play(60 * 2, 1, 1_000);
  assert.equal(crowd(), 250);
});

it('two seconds of silence at half load, while a cell moves, refuse nobody', () => {
  const { play } = scene();
  play(20, 500, 1_000);
  assert.equal(play(2, 500, 0).refused, 0);
  assert.equal(play(20, 500, 1_000).refused, 0);
});

it('a silence without end is bounded: nobody waits for ever longer', () => {
  const { play, admission } = scene();
  play(20, 500, 1_000);
  play(60, 500, 0);
  assert.ok(admission.inFlight <= 500 * 2.5 + 1, String(admission.inFlight));
});

it('answers are let in when posts no longer are, up to a bound of their own', () => {
  const { play, admission } = scene();
  play(10, 300, 300);
  play(20, 3_000, 300);
  const enter = (kind: Kind): boolean => admission.enter(kind) !== null;
  while (enter('post'));
  assert.equal(enter('answer'), true);
  const more = Array.from({ length: 10_000 }, () => enter('answer')).filter(Boolean).length;
  assert.ok(more > 400 && more < 2_000, String(more));
});

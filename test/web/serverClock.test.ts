/** What time it is by the server, however long its answers take. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, it, mock } from 'node:test';
import { heardServerTime, serverNowMs } from '../../web/engine/serverClock.ts';

const NOON_MS = Date.UTC(2026, 0, 1, 12);

beforeEach(() => mock.timers.enable({ apis: ['Date'], now: NOON_MS }));
afterEach(() => mock.timers.reset());

/** An answer that was made at this time, and has come now. */
const hear = (madeAtMs: number, tookMs: number): void =>
  heardServerTime(new Date(Math.floor(madeAtMs / 1_000) * 1_000).toUTCString(), tookMs);

/** How far off is the time that people are shown? */
const wrongMs = (serverMs: number): number => Math.abs(serverNowMs() - serverMs);

it('a slow answer does not put back the clock that quick ones have set, and a quick one mends it', () => {
  hear(NOON_MS, 15_000);
  assert.ok(wrongMs(NOON_MS) <= 8_000);
  hear(NOON_MS, 100);
  assert.ok(wrongMs(NOON_MS) <= 1_000, `quick: ${String(wrongMs(NOON_MS))}`);
  const before = serverNowMs();
  hear(NOON_MS - 15_000, 15_000);
  assert.equal(serverNowMs(), before, 'all that time on its way down');
  hear(NOON_MS, 15_000);
  assert.equal(serverNowMs(), before, 'or on its way up');
});

it('a phone whose clock is put right is right with the next answer', () => {
  hear(NOON_MS, 100);
  mock.timers.setTime(NOON_MS + 3 * 3_600_000);
  hear(NOON_MS, 5_000);
  assert.ok(wrongMs(NOON_MS) <= 3_500);
  mock.timers.setTime(NOON_MS);
  hear(NOON_MS, 100);
  assert.ok(wrongMs(NOON_MS) <= 1_000);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../../../dev/testing/until.ts';
import type { Bus } from './bus.ts';
import { startLotFeed } from './lotFeed.ts';

interface Told {
  readonly seq: number;
  readonly data: Uint8Array;
}

/** A bus whose stream has these ends at one look after another; consumers give one message and end. */
function busOf(created: string, ends: readonly number[]): { bus: Bus; starts: number[] } {
  const starts: number[] = [];
  const lookAt = (look: number): number => ends[Math.min(look, ends.length - 1)] ?? 0;
  let look = 0;
  const consumerFrom = (seq: number) => ({
    consume: ({ callback }: { callback: (message: Told) => void }) => {
      starts.push(seq);
      const isLast = starts.length >= ends.length;
      if (!isLast) callback({ seq, data: Buffer.from('x') });
      let end = (): void => undefined;
      const closed = isLast ? new Promise<void>((resolve) => (end = resolve)) : Promise.resolve();
      return Promise.resolve({ closed: () => closed, close: () => Promise.resolve(end()) });
    },
  });
  const bus = {
    isConnected: () => true,
    jsm: { streams: { info: () => Promise.resolve({ created, state: { last_seq: lookAt(look++) } }) } },
    js: {
      consumers: {
        get: (_: string, { opt_start_seq }: { opt_start_seq: number }) => Promise.resolve(consumerFrom(opt_start_seq)),
      },
    },
  };
  return { bus: bus as unknown as Bus, starts };
}

async function follow(ends: readonly number[]): Promise<{ starts: readonly number[]; resets: number }> {
  let resets = 0;
  const { bus, starts } = busOf('2026-11-30T00:00:00Z', ends);
  const onReset = (): void => void resets++;
  const feed = startLotFeed({ bus, onEvent: () => undefined, onReset, retryMs: 5 });
  await until('it follows', () => starts.length === ends.length);
  await feed.stop();
  return { starts, resets };
}

test('stopped while it is being opened, it ends', async () => {
  const { bus } = busOf('2026-11-30T00:00:00Z', [10]);
  const feed = startLotFeed({ bus, onEvent: () => undefined, onReset: () => undefined });
  const ended = feed.stop().then(() => 'ended');
  assert.equal(await Promise.race([ended, pause(1_000, 'hangs')]), 'ended');
});

test('after a loss it goes on behind the last event it told', async () => {
  assert.deepEqual(await follow([10, 11, 14]), { starts: [11, 12, 13], resets: 0 });
});

test('a stream that lost its end gives places anew: it begins at the new end, and says so', async () => {
  assert.deepEqual(await follow([10, 4]), { starts: [11, 5], resets: 1 });
});

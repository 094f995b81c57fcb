import { deepEqual, equal } from 'node:assert/strict';
import { it } from 'node:test';
import { tooFast } from './laws.ts';
import type { Sample } from './record.ts';

const policy = { periodSeconds: 10, percent: 10 };

function counting(replicas: readonly number[]): Sample[] {
  const rest = { step: '', ready: 0, saturation: 0, city: 0, offered: 0, isFallback: false };
  return replicas.map((count, atSeconds) => ({ ...rest, replicas: count, atSeconds }));
}

it('a tenth in ten seconds is allowed, and its rounding', () => {
  deepEqual(tooFast(counting([40, ...Array<number>(10).fill(36), 32]), policy), []);
  deepEqual(tooFast(counting([15, 13]), policy), []);
});

it('two tenths at once, or two steps in one period, are not', () => {
  equal(tooFast(counting([40, 32]), policy).length, 1);
  equal(tooFast(counting([40, 36, 36, 36, 32]), policy).length, 1);
});

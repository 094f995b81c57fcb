import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAway } from './away.ts';

const failed = (code: string): Error => Object.assign(new Error('x'), { code });

test('what an operator mends is away: not let in, no room, closed, a disk in trouble, no port left', () => {
  for (const code of [
    '28000',
    '28P01',
    '53300',
    '55000',
    '57P03',
    '58030',
    '08006',
    '3D000',
    'ECONNREFUSED',
    'EADDRNOTAVAIL',
  ])
    assert.equal(isAway(failed(code)), true, code);
});

test('what is wrong with a statement or its data is not, nor what is no error', () => {
  for (const code of ['23514', '22P02', '42501', '55006', 'PF001']) assert.equal(isAway(failed(code)), false, code);
  assert.equal(isAway('53300'), false);
});

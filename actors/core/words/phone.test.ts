import assert from 'node:assert/strict';
import { it } from 'node:test';
import { parsePhone, parsePhoneAt } from './phone.ts';

it('takes E.164 as people write it, and nothing else', () => {
  assert.equal(parsePhone('+62 812-3456 (7890)'), '+6281234567890');
  for (const text of [
    '',
    '0812345678',
    '+0812345678',
    '+1234567',
    '+1234567890123456',
    '+62abc1234567',
    'x+6281234567',
    '+62812345678;ls',
  ])
    assert.equal(parsePhone(text), null, text);
});

it('a leading zero is Indonesia where Indonesia is', () => {
  assert.equal(parsePhoneAt('0812 3456 789', 'Asia/Jakarta'), '+628123456789');
  assert.equal(parsePhoneAt('+358 40 1234567', 'Asia/Makassar'), '+358401234567');
  assert.equal(parsePhoneAt('040 1234567', 'Europe/Helsinki'), null);
});

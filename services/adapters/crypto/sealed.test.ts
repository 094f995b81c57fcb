import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { createSealer } from './sealed.ts';

const keys = { old: randomBytes(32).toString('base64'), now: randomBytes(32).toString('base64') };

test('what was sealed opens, also after the current key changed', () => {
  const sealed = createSealer(JSON.stringify(keys), 'old').seal({ phone: '+358 1' }, 'donor:a');
  assert.deepEqual(createSealer(JSON.stringify(keys), 'now').open(sealed, 'donor:a'), { phone: '+358 1' });
  assert.equal(sealed.keyId, 'old');
});

test('the same text seals differently each time', () => {
  const sealer = createSealer(JSON.stringify(keys), 'now');
  assert.notDeepEqual(sealer.seal('x', 'c').cipher, sealer.seal('x', 'c').cipher);
});

test('another row, a flipped bit, a cut tag or an unknown key does not open', () => {
  const sealer = createSealer(JSON.stringify(keys), 'now');
  const sealed = sealer.seal('secret', 'donor:a');
  assert.throws(() => sealer.open(sealed, 'donor:b'));
  for (let i = 0; i < sealed.cipher.length; i++) {
    const cipher = Buffer.from(sealed.cipher);
    cipher[i] = (cipher[i] ?? 0) ^ 1;
    assert.throws(() => sealer.open({ ...sealed, cipher }, 'donor:a'));
  }
  assert.throws(() => sealer.open({ ...sealed, cipher: sealed.cipher.subarray(0, -1) }, 'donor:a'));
  assert.throws(() => sealer.open({ ...sealed, keyId: 'gone' }, 'donor:a'), /no key "gone"/);
});

test('bad key configuration is named without its value', () => {
  assert.throws(() => createSealer('nope', 'a'), /not JSON/);
  assert.throws(
    () => createSealer('{"a":"c2hvcnQ="}', 'a'),
    (error: Error) => !error.message.includes('c2hvcnQ'),
  );
  assert.throws(() => createSealer(JSON.stringify(keys), 'b'), /no key "b"/);
});

import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import type { lookup } from 'node:dns/promises';
import { test } from 'node:test';
import { endpointProblem, guardedLookup, isAllowedAddress } from './endpoint.ts';

const STRICT = { allowLocal: false };
const LOCAL = { allowLocal: true };

test('https to a public name or address is a push endpoint', () => {
  for (const url of [
    'https://fcm.googleapis.com/fcm/send/abc',
    'https://updates.push.services.mozilla.com/x',
    'https://8.8.8.8/x',
  ]) {
    assert.equal(endpointProblem(url, STRICT), null, url);
  }
});

test('anything else is refused, however it is written', () => {
  const bad = [
    'http://fcm.googleapis.com/x',
    'ftp://example.org/x',
    'not a url',
    'https://user:word@example.org/',
    `https://example.org/${'x'.repeat(3_000)}`,
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://10.1.2.3/',
    'https://192.168.1.1/',
    'https://169.254.169.254/latest/meta-data',
    'https://[::1]/',
    'https://[::ffff:10.0.0.1]/',
    'https://[fe80::1]/',
    'https://[fd00::1]/',
    'https://[64:ff9b::a00:1]/',
    'https://[2002:0a00:0001::]/',
  ];
  for (const url of bad) assert.notEqual(endpointProblem(url, STRICT), null, url);
});

test('ALLOW_LOCAL_PUSH adds loopback, nothing else', () => {
  assert.equal(endpointProblem('http://127.0.0.1:9999/x', LOCAL), null);
  assert.equal(endpointProblem('http://localhost:9999/x', LOCAL), null);
  assert.notEqual(endpointProblem('http://10.0.0.1/', LOCAL), null);
  assert.notEqual(endpointProblem('http://example.org/', LOCAL), null);
  assert.equal(isAllowedAddress('127.0.0.1', STRICT), false);
  assert.equal(isAllowedAddress('127.0.0.1', LOCAL), true);
  assert.equal(isAllowedAddress('2a00:1450:4010::5f', STRICT), true);
});

test('a name that leads to a private address is refused when connecting', async () => {
  const lookUp = (rules: { allowLocal: boolean }): Promise<Error | null> =>
    new Promise((resolve) => {
      guardedLookup(rules)('localhost', { all: true }, (error) => {
        resolve(error);
      });
    });
  assert.match(String(await lookUp(STRICT)), /private address/);
  assert.equal(await lookUp(LOCAL), null);
});

test('names whose servers do not answer take three of four threads at most, and each name is asked for once', async () => {
  const asked: string[] = [];
  const silent = (hostname: string): Promise<LookupAddress[]> => {
    asked.push(hostname);
    return new Promise(() => undefined);
  };
  const look = guardedLookup(STRICT, silent as unknown as typeof lookup);
  for (let n = 0; n < 20; n++) look(`push${String(n % 5)}.example`, { all: true }, () => assert.fail('no answer'));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(asked, ['push0.example', 'push1.example', 'push2.example']);
});

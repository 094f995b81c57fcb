import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import type { SessionRow } from '#adapters/postgres/sql/sessions.ts';
import { CHALLENGE_SECONDS, createChallenges, spentDigestOf } from './challenges.ts';
import { createRefreshCookie } from './cookie.ts';
import { publicAddressOf } from './publicUrl.ts';
import { GRACE_SECONDS, judgeRefresh } from './refresh.ts';
import { digestOf } from './secrets.ts';
import { readSigningKeys } from './signingKeys.ts';

describe('a refresh', () => {
  const session = (change: Partial<SessionRow> = {}): SessionRow => ({
    role: 'donor',
    subject: 'kitchen',
    secretHash: digestOf('now'),
    previousHash: digestOf('before'),
    rotatedSecondsAgo: 0,
    rotatedAtMicros: '0',
    nowMicros: '0',
    alive: true,
    ...change,
  });
  it('is judged by the secret, its age, and whether the session lives', () => {
    assert.equal(judgeRefresh(session(), digestOf('now')), 'rotate');
    assert.equal(judgeRefresh(session({ rotatedSecondsAgo: GRACE_SECONDS }), digestOf('before')), 'again');
    assert.equal(judgeRefresh(session({ rotatedSecondsAgo: GRACE_SECONDS + 0.1 }), digestOf('before')), 'anew');
    assert.equal(judgeRefresh(session(), digestOf('long ago')), 'reused');
    assert.equal(judgeRefresh(session({ previousHash: null }), digestOf('before')), 'reused');
    assert.equal(judgeRefresh(session({ alive: false }), digestOf('now')), 'gone');
    assert.equal(judgeRefresh(null, digestOf('now')), 'gone');
  });
});

describe('a challenge', () => {
  const secret = randomBytes(32).toString('hex');
  let nowMs = 1_800_000_000_000;
  const challenges = createChallenges(secret, () => nowMs);
  const make = (purpose: string): string => Buffer.from(challenges.make(purpose)).toString('base64url');

  it('is good for its purpose and its time, by any process of ours', () => {
    const challenge = make('a');
    assert.equal(challenges.goodUntilMs(challenge, 'a'), nowMs + CHALLENGE_SECONDS * 1000);
    assert.ok(createChallenges(secret, () => nowMs).goodUntilMs(challenge, 'a') !== null);
    assert.equal(challenges.goodUntilMs(challenge, 'b'), null);
    assert.equal(createChallenges(randomBytes(32).toString('hex'), () => nowMs).goodUntilMs(challenge, 'a'), null);
    nowMs += CHALLENGE_SECONDS * 1000;
    assert.equal(challenges.goodUntilMs(challenge, 'a'), null);
  });

  it('with any bit flipped, cut or added to is none of ours', () => {
    const bytes = Buffer.from(make('a'), 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.equal(challenges.goodUntilMs(flipped.toString('base64url'), 'a'), null);
    }
    for (const other of [bytes.subarray(1), bytes.subarray(0, -1), Buffer.concat([bytes, bytes]), Buffer.alloc(0)]) {
      assert.equal(challenges.goodUntilMs(other.toString('base64url'), 'a'), null);
    }
  });

  it('is the same one, however its bytes are spelt', () => {
    const bytes = Buffer.from([0xfb, 0xff, 0xfe, 0x10]);
    assert.notEqual(bytes.toString('base64'), bytes.toString('base64url'));
    assert.deepEqual(spentDigestOf(bytes.toString('base64')), spentDigestOf(bytes.toString('base64url')));
  });
});

describe('what is told', () => {
  it('the address is https, or on this machine, and has no path', () => {
    assert.deepEqual(publicAddressOf('https://food.example/'), {
      origin: 'https://food.example',
      hostname: 'food.example',
      isSecure: true,
    });
    assert.equal(publicAddressOf('http://localhost:8080').isSecure, false);
    for (const bad of ['', 'food.example', 'http://food.example', 'https://food.example/app', 'ftp://food.example']) {
      assert.throws(() => publicAddressOf(bad), /PUBLIC_URL/, bad);
    }
  });

  it('keys that are none are refused, and nothing of them is said', async () => {
    const word = 'hush-hush';
    const half = JSON.stringify({ keys: [{ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', d: word }] });
    for (const bad of [word, '{}', '{"keys":[]}', '{"keys":[{"kty":"oct","k":"hush-hush"}]}', half]) {
      await assert.rejects(
        readSigningKeys(bad),
        (error: Error) => /IDENTITY_KEYS must be JSON/.test(error.message) && !error.message.includes(word),
        bad,
      );
    }
  });

  it('over TLS the cookie says so, in its name too', () => {
    const told: string[] = [];
    const reply = {
      header(_: string, value: string) {
        told.push(value);
        return reply;
      },
    };
    createRefreshCookie(true).keep(reply as never, 'value');
    assert.match(told[0] ?? '', /^__Secure-refresh=value; .*Secure/);
    assert.match(told[0] ?? '', /HttpOnly/);
  });
});

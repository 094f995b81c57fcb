/** The rules of the outbox, without a browser. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  after,
  disowned,
  due,
  isNews,
  isStale,
  isUnseen,
  newTap,
  onServerClock,
  outcomeOf,
  type Tap,
} from '../../web/engine/tap.ts';
import { timeoutMsOf } from '../../web/engine/http.ts';

const HOUR_MS = 3_600_000;

function tapOf(id: string, atMs: number, subject = 'offer-1', owner = 'recipient:a'): Tap {
  return newTap({ owner, kind: 'accept', subject, method: 'POST', path: '/v1/offers/x/accept', body: {} }, id, atMs);
}
const ids = (taps: readonly Tap[]): string[] => taps.map((tap) => tap.id).sort();

describe('what is sent when', () => {
  it('one subject goes in the order of its taps, others do not wait for it', () => {
    const late = after(tapOf('first', 1), { outcome: 'later', retryAfterMs: 5_000 }, 10);
    const taps = [tapOf('second', 2), late, tapOf('other', 3, 'offer-2')];
    assert.deepEqual(ids(due(taps, 'recipient:a', 20)), ['other']);
    assert.deepEqual(ids(due(taps, 'recipient:a', 6_000)), ['first', 'other']);
  });

  it('photos go last, however early they were taken', () => {
    const photo = { ...tapOf('photo', 1, 'photo:1'), kind: 'photo' as const };
    const taps = [photo, tapOf('post', 2, 'post:1'), tapOf('accept', 3)];
    assert.deepEqual(
      due(taps, 'recipient:a', 10).map((tap) => tap.id),
      ['post', 'accept', 'photo'],
    );
  });

  it('a photo that fails for hours is given up, and that is told; food never is', () => {
    const failing = (tap: Tap, hours: number): Tap => {
      const [tries, everyMs] = [hours * 60, 60_000];
      for (let n = 1; n <= tries; n++) tap = after(tap, { outcome: 'later', retryAfterMs: null }, n * everyMs);
      return tap;
    };
    const photo = { ...tapOf('photo', 0), kind: 'photo' as const };
    assert.equal(failing(photo, 5).state, 'queued');
    const given = failing(photo, 7);
    assert.deepEqual([given.state, given.refusal?.code], ['refused', 'photo-late']);
    assert.equal(failing(tapOf('accept', 0), 7).state, 'queued');
    const clockForward = after(photo, { outcome: 'later', retryAfterMs: null }, 1_000 * HOUR_MS);
    assert.equal(clockForward.state, 'queued', 'a clock that was put forward is no failing');
  });

  it('nothing is sent in the name of another', () => {
    assert.deepEqual(due([tapOf('a', 1)], 'recipient:b', 10), []);
  });

  it('what some operator tapped before they were told apart is not sent, and the next one is told', () => {
    const stray = { ...tapOf('a', 1), owner: 'operator:' };
    const told = disowned(stray, 'operator:siti', 5);
    assert.deepEqual([told?.state, told?.owner, told?.refusal?.code], ['refused', 'operator:siti', 'nobodys']);
    assert.equal(disowned(stray, 'recipient:a', 5), null, 'whoever is no operator has nothing to do with it');
    assert.equal(
      disowned({ ...stray, owner: 'operator:budi' }, 'operator:siti', 5),
      null,
      'it waits for who tapped it',
    );
  });

  it('what was sent or refused is not sent again', () => {
    const sent = after(tapOf('a', 1), { outcome: 'sent' }, 2);
    const refused = after(tapOf('b', 1), { outcome: 'refused', refusal: { code: 'capacity', detail: '' } }, 2);
    assert.deepEqual(due([sent, refused], 'recipient:a', HOUR_MS), []);
  });

  it('waits get longer, up to a minute, and the server may say how long', () => {
    let tap = tapOf('a', 0);
    const waits = Array.from({ length: 9 }, () => {
      tap = after(tap, { outcome: 'later', retryAfterMs: null }, 0);
      return tap.nextTryAtMs;
    });
    assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    assert.equal(after(tap, { outcome: 'later', retryAfterMs: 7_000 }, 100).nextTryAtMs, 7_100);
  });
});

describe('a time counted from a clock that may be wrong', () => {
  const post = { ...tapOf('a', 0), body: { safeUntil: '2026-01-01T15:00:30.000Z', note: 'x' }, ownTime: 'safeUntil' };

  it('is put right once, by the server', () => {
    assert.equal(onServerClock(post, null, 1), post, 'not before the server was heard');
    const right = onServerClock(post, -3 * HOUR_MS, 1);
    assert.deepEqual(right.body, { safeUntil: '2026-01-01T12:00:00.000Z', note: 'x' });
    assert.equal(onServerClock(right, -3 * HOUR_MS, 1), right, 'whatever is sent again is the same');
  });

  it('is put right too when the clock was put right before', () => {
    const right = onServerClock({ ...post, atMs: 3 * HOUR_MS }, 0, 1);
    assert.deepEqual(right.body, { safeUntil: '2026-01-01T12:00:00.000Z', note: 'x' });
  });

  it('that came from the server stays', () => {
    const tap = tapOf('a', 0);
    assert.equal(onServerClock(tap, HOUR_MS, 1), tap);
  });
});

describe('what an answer means', () => {
  it('no answer from the server is final but a yes and a no', () => {
    assert.equal(outcomeOf(200, '', '', null).outcome, 'sent');
    for (const status of [408, 425, 429, 500, 502, 503, 504])
      assert.equal(outcomeOf(status, 'x', '', null).outcome, 'later');
    assert.equal(outcomeOf(409, 'in-flight', '', null).outcome, 'later');
    assert.equal(outcomeOf(401, 'not-authenticated', '', null).outcome, 'signed-out');
    assert.deepEqual(outcomeOf(409, 'offer-lapsed', 'too late', null), {
      outcome: 'refused',
      refusal: { code: 'offer-lapsed', detail: 'too late' },
    });
  });

  it('a page of a gateway is no answer of the server, but that it is too large is its own to say', () => {
    for (const status of [302, 400, 403, 404, 451])
      assert.equal(outcomeOf(status, `http-${String(status)}`, '', null).outcome, 'later', String(status));
    assert.equal(outcomeOf(413, 'http-413', '', null).outcome, 'refused');
    assert.equal(outcomeOf(404, 'not-found', '', null).outcome, 'refused');
  });

  it('a queued tap is never forgotten; what is done is, after a while', () => {
    assert.equal(isStale(tapOf('a', 0), 1_000 * HOUR_MS), false);
    const sent = after(tapOf('a', 0), { outcome: 'sent' }, 0);
    assert.deepEqual([isStale(sent, 23 * HOUR_MS), isStale(sent, 25 * HOUR_MS)], [false, true]);
  });

  it('what was sent is pending until the list shows it, whatever becomes of the clock', () => {
    const sent = after(tapOf('a', 0), { outcome: 'sent' }, 10 * HOUR_MS);
    const isPending = (seenAtMs: number, nowMs: number) => isUnseen(sent, seenAtMs * HOUR_MS, nowMs * HOUR_MS);
    assert.deepEqual([isPending(9, 11), isPending(11, 11)], [true, false]);
    assert.equal(isPending(9, 9.5), false, 'sent while the clock was fast: a list asked for since has it');
    assert.equal(isPending(12, 11), true, 'a list asked for while the clock was fast may be of before');
    assert.deepEqual([isNews(sent, 10 * HOUR_MS + 1), isNews(sent, 9 * HOUR_MS)], [true, false]);
    assert.equal(isUnseen(tapOf('b', 10 * HOUR_MS), 0, 9 * HOUR_MS), true, 'what waits is pending by any clock');
  });
});

describe('how long an answer is waited for', () => {
  it('twenty seconds, and for a photo what it takes at 32 kbit/s, within bounds', () => {
    assert.equal(timeoutMsOf('{}'), 20_000);
    const photo = timeoutMsOf(new Blob([new Uint8Array(400_000)]));
    assert.ok(photo >= (400_000 * 8) / 32 && photo < 150_000, String(photo));
    assert.ok(timeoutMsOf(new Blob([new Uint8Array(50_000_000)])) < 300_000);
  });
});

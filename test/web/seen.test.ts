/** Lists on a phone whose clock is put right. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { createSeenBy, isNewer, whyNothing, type Seen } from '../../web/app/seenBy.ts';
import { NotThere } from '../../web/engine/http.ts';

const HOUR_MS = 3_600_000;
const NOON_MS = Date.UTC(2026, 0, 1, 12);
/** the store, over the page's reloads */
const kept = new Map<string, unknown>();
let told: string;
let answer: () => Promise<string>;
let owner = 'recipient:a';

/** As the page has it after it was loaded. */
function list(what = 'offers'): Seen<string> {
  const recall = <Value>(key: string) => Promise.resolve((kept.get(key) as Value | undefined) ?? null);
  const remember = (key: string, value: unknown) => Promise.resolve(void kept.set(key, value));
  return createSeenBy({ owner: () => owner, recall, remember }, what, () => answer());
}

/** All that can go on has. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  kept.clear();
  owner = 'recipient:a';
  told = 'old';
  answer = () => Promise.resolve(told);
  mock.timers.enable({ apis: ['Date'], now: NOON_MS });
});
afterEach(() => mock.timers.reset());

describe('a clock that was an hour fast and is put right', () => {
  const putRight = (): void => mock.timers.setTime(NOON_MS - HOUR_MS);

  it('does not make the answers of an hour too late', async () => {
    const offers = list();
    await offers.refresh();
    putRight();
    told = 'new';
    await offers.refresh();
    assert.deepEqual([offers.value.value, offers.atMs.value], ['new', NOON_MS - HOUR_MS]);
  });

  it('nor after the page was loaded anew', async () => {
    await list().refresh();
    putRight();
    const offers = list();
    answer = () => Promise.reject(new Error('no network'));
    await offers.refresh();
    assert.deepEqual([offers.value.value, offers.atMs.value], ['old', 0], 'what is kept is of long ago');
    answer = () => Promise.resolve('new');
    await offers.refresh();
    assert.equal(offers.value.value, 'new');
  });

  it('does not change which of two lists is the newer', async () => {
    const [one, other] = [list('one'), list('other')];
    await one.refresh();
    putRight();
    await other.refresh();
    assert.deepEqual([isNewer(other, one), isNewer(one, other)], [true, false]);
  });
});

it('an answer that comes after that of a later question is not shown', async () => {
  const offers = list();
  const waiting: ((value: string) => void)[] = [];
  answer = () => new Promise((resolve) => void waiting.push(resolve));
  await Promise.resolve();
  const both = [offers.refresh(), offers.refresh()];
  while (waiting.length < 2) await Promise.resolve();
  waiting[1]?.('later');
  await Promise.resolve();
  waiting[0]?.('earlier');
  await Promise.all(both);
  assert.equal(offers.value.value, 'later');
});

describe('no answer', () => {
  it('to a question before the one that is answered, or of somebody else, is no failure', async () => {
    const offers = list();
    const waiting: { resolve: (value: string) => void; reject: (why: Error) => void }[] = [];
    answer = () => new Promise((resolve, reject) => void waiting.push({ resolve, reject }));
    const both = [offers.refresh(), offers.refresh()];
    await turn();
    waiting[1]?.resolve('later');
    await turn();
    waiting[0]?.reject(new Error('too slow'));
    await Promise.all(both);
    assert.deepEqual([offers.value.value, offers.failed.value], ['later', false]);

    const hers = offers.refresh();
    await turn();
    owner = 'recipient:b';
    answer = () => Promise.resolve('his');
    await offers.refresh();
    waiting[2]?.reject(new Error('too slow'));
    await hers;
    assert.deepEqual([offers.value.value, offers.failed.value], ['his', false]);
  });
});

it("of two lists kept from before the one told later is the newer, and each is its owner's", async () => {
  const [one, other] = [list('one'), list('other')];
  await one.refresh();
  mock.timers.setTime(NOON_MS + 1_000);
  await other.refresh();
  answer = () => Promise.reject(new Error('no network'));
  const [again, otherAgain] = [list('one'), list('other')];
  await Promise.all([again.refresh(), otherAgain.refresh()]);
  assert.deepEqual([isNewer(otherAgain, again), again.failed.value], [true, true]);
  owner = 'recipient:b';
  await again.refresh();
  assert.equal(again.value.value, null);
});

describe('where there is nothing to show', () => {
  const nothing = async (): Promise<string> => {
    const offer = list('offer');
    await offer.refresh();
    return whyNothing(offer);
  };

  it('it is gone when the server says so, and else it has not answered', async () => {
    answer = () => Promise.reject(new NotThere('/v1/offers/x'));
    assert.equal(await nothing(), 'gone');
    answer = () => Promise.reject(new DOMException('too slow', 'TimeoutError'));
    assert.equal(await nothing(), 'failed');
  });

  it('it is being asked for until there is an answer', async () => {
    let reply = (_: string): void => undefined;
    answer = () => new Promise((resolve) => (reply = resolve));
    const offer = list('offer');
    const asking = offer.refresh();
    await turn();
    assert.equal(whyNothing(offer), 'loading');
    reply('here');
    await asking;
    assert.equal(offer.value.value, 'here');
  });
});

/**
 * A cheap phone on a busy cell: 9 Mbit/s, 100 ms, a processor four times slower; and the server killed between taps. Times are
 * printed; their bounds leave room for a machine that others use too.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { offered, signIn, timesIn, until, type Person, type SurplusSeen } from '../journey/people.ts';
import { controlled, countTaps, type Language } from './browser.ts';
import { openStage, type Stage } from './stage.ts';
import { button, words } from './spoken.ts';

let stage: Stage;
let donorId: string;
let donor: Person;
let operator: Person;

before(
  async () => {
    stage = await openStage();
    donorId = await stage.helsinki.aDonor();
    donor = await signIn(stage.helsinki, 'donor', donorId);
    operator = await signIn(stage.helsinki, 'operator');
  },
  { timeout: 180_000 },
);
after(async () => stage.stop());

/** Says how long it took, and fails when that is too long. */
function within(test: TestContext, what: string, tookMs: number, mostMs: number): void {
  test.diagnostic(`${what}: ${String(Math.round(tookMs))} ms (at most ${String(mostMs)})`);
  assert.ok(tookMs <= mostMs, `${what} took ${String(Math.round(tookMs))} ms`);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const beganMs = performance.now();
  await work();
  return performance.now() - beganMs;
}

/** Since the page was asked for, by its own clock. */
const pageAgeMs = (page: Page): Promise<number> => page.evaluate(() => performance.now());

async function codeOf(offerId: string): Promise<string> {
  return (await donor.get<{ code: string }>(`/v1/offers/${offerId}/handover-code`)).body.code;
}

/** One card at a time, so that they are told apart. */
async function clear(lotId: string): Promise<void> {
  await donor.remove(`/v1/surplus/${lotId}`);
}

describe('on a slow phone', () => {
  it('the first screen, and home again, are there soon', { timeout: 60_000 }, async (test) => {
    const t = words('id');
    const fresh = await stage.freshPhone('id', { slow: true });
    await button(fresh.page, t('enter.passkey')).waitFor();
    within(test, 'first load until one can sign in', await pageAgeMs(fresh.page), 5_000);
    await fresh.close();

    const { id, offer } = await offered(donor);
    const phone = await stage.slowPhone('id', 'recipient', offer.recipientId);
    const { page } = phone;
    await button(page, t('offer.accept')).waitFor();
    within(test, 'from the link to the offer', await pageAgeMs(page), 8_000);
    await controlled(page);
    await page.reload();
    await button(page, t('offer.accept')).waitFor();
    within(test, 'reload until one can answer', await pageAgeMs(page), 3_000);
    await clear(id);
    assert.deepEqual(phone.complaints, []);
    await phone.close();
  });

  it('a recipient sees an offer, takes it and hands the code in', { timeout: 60_000 }, async (test) => {
    const t = words('en');
    const first = await offered(donor);
    const phone = await stage.slowPhone('en', 'recipient', first.offer.recipientId);
    const { page } = phone;
    await button(page, t('offer.accept')).waitFor();
    await clear(first.id);
    await button(page, t('offer.accept')).waitFor({ state: 'detached' });
    const { id, offer } = await offeredTo(first.offer.recipientId);
    const card = await timed(() => button(page, t('offer.accept')).waitFor());
    within(test, 'from the post to its card', card, 2_900);
    const accepted = await timed(async () => {
      await button(page, t('offer.accept')).tap();
      await page.getByRole('heading', { name: t('offer.claimed.title') }).waitFor();
    });
    within(test, 'from the tap to "to collect"', accepted, 2_900);
    await page
      .getByRole('link', { name: t('offer.see'), exact: true })
      .first()
      .tap();
    await page.getByLabel(t('offer.handover.code'), { exact: true }).fill(await codeOf(offer.id));
    const collected = await timed(async () => {
      await button(page, t('offer.handover.go')).tap();
      await page.getByText(t('state.offer.collected'), { exact: true }).waitFor();
    });
    within(test, 'from the code to "collected"', collected, 2_900);
    assert.equal(await timesIn(operator, id, 'collected'), 1);
    assert.deepEqual(phone.complaints, []);
    await phone.close();
  });

  it('a donor posts within 30 s and 8 taps', { timeout: 60_000 }, async (test) => {
    const t = words('id');
    const phone = await stage.slowPhone('id', 'donor', donorId);
    const { page } = phone;
    const taps = await countTaps(page);
    const choose = (name: string) => page.locator('.choice label', { hasText: new RegExp(`^${name}$`) }).tap();
    const posted = await timed(async () => {
      await page
        .locator('main')
        .getByRole('link', { name: t('food.post'), exact: true })
        .tap();
      await choose(t('category.dairy'));
      await choose(t('storage.chilled'));
      await choose('10 kg');
      await choose(t('post.yes'));
      await button(page, t('post.go')).tap();
      await page
        .locator('article', { hasText: t('category.dairy') })
        .first()
        .waitFor();
    });
    const used = await taps();
    test.diagnostic(`taps: ${String(used)}`);
    assert.ok(used <= 8, `${String(used)} taps`);
    within(test, 'from home to the post on the list', posted, 15_000);
    assert.deepEqual(phone.complaints, []);
    await phone.close();
  });
});

/** Fails when it goes to another: then what this recipient sees says nothing. */
async function offeredTo(recipientId: string) {
  const surplus = await offered(donor);
  assert.equal(surplus.offer.recipientId, recipientId, 'the same food at the same place goes to the same recipient');
  return surplus;
}

describe('the server killed between taps', () => {
  const api = () => stage.helsinki.stack.process('api');

  /** So long nothing answers, in the middle of what somebody does. */
  const AWAY_MS = 6_000;
  /** It may have been away for 8 s, and is asked again after 1, 2, 4 … s. */
  const MOST_BACK_MS = 8_000;

  it("loses nothing of a recipient's", { timeout: 90_000 }, async (test) => {
    const { t, page, phone, id, offer, resumed } = await atOffer('id');
    api().kill('SIGKILL');
    await button(page, t('offer.accept')).tap();
    await page.locator('.tap.queued').first().waitFor();
    await api().ready();
    const accepted = await timed(() => page.locator('.tap.sent').first().waitFor());
    within(test, 'killed: from its return to the yes', accepted, MOST_BACK_MS);
    await page.getByRole('heading', { name: t('offer.claimed.title') }).waitFor();

    await page
      .getByRole('link', { name: t('offer.see'), exact: true })
      .first()
      .tap();
    const digits = await codeOf(offer.id);
    const input = page.getByLabel(t('offer.handover.code'), { exact: true });
    await input.pressSequentially(digits.slice(0, 4));
    await api().stop();
    const back = awayFor(AWAY_MS);
    await input.pressSequentially(digits.slice(4));
    assert.equal(await input.inputValue(), digits, 'what was typed stays');
    await button(page, t('offer.handover.go')).tap();
    await page.locator('.tap.queued').first().waitFor();
    // The phone is put away, and the page with it.
    await page.reload();
    await page.locator('.tap.queued').first().waitFor();
    assert.equal(await page.locator('nav').count(), 1, 'still signed in');
    await back();
    const sent = await timed(() => page.getByText(t('state.offer.collected'), { exact: true }).waitFor());
    within(test, 'stopped: from its return to "collected"', sent, MOST_BACK_MS);
    assert.deepEqual([await timesIn(operator, id, 'accepted'), await timesIn(operator, id, 'collected')], [1, 1]);
    await until(
      'the stream goes on where it was',
      () => Promise.resolve(resumed()),
      (times) => times >= 1,
    );
    assert.equal(await button(page, t('enter.passkey')).count(), 0);
    await phone.close();
  });

  it("keeps a donor's form, and posts once", { timeout: 90_000 }, async (test) => {
    const t = words('id');
    const phone = await stage.slowPhone('id', 'donor', donorId);
    const { page } = phone;
    await page
      .locator('main')
      .getByRole('link', { name: t('food.post'), exact: true })
      .tap();
    await page.getByLabel(t('category.bakery'), { exact: true }).check({ force: true });
    await page.getByLabel(t('storage.ambient'), { exact: true }).check({ force: true });
    await page.getByLabel(t('post.note')).fill('while it');
    api().kill('SIGKILL');
    await page.getByLabel(t('post.note')).pressSequentially(' was away');
    await button(page, t('post.go')).tap();
    await page.locator('.tap.queued').first().waitFor();
    await api().ready();
    const posted = await timed(() => page.locator('.tap.queued').waitFor({ state: 'detached' }));
    within(test, 'killed: from its return to the post', posted, MOST_BACK_MS);
    const { items } = (await donor.get<{ items: (SurplusSeen & { note: string | null })[] }>('/v1/surplus')).body;
    assert.equal(items.filter(({ note }) => note === 'while it was away').length, 1);
    await phone.close();
  });

  /** @returns what resolves when it is back and answers */
  function awayFor(ms: number): () => Promise<void> {
    const back = pause(ms).then(() => api().start());
    return () => back;
  }

  /** A recipient's slow phone with an offer on it. */
  async function atOffer(language: Language) {
    const { id, offer } = await offered(donor);
    const phone = await stage.slowPhone(language, 'recipient', offer.recipientId);
    const { page } = phone;
    const t = words(language);
    let times = 0;
    page.on('request', (request) => {
      if (new URL(request.url()).pathname === '/v1/stream' && request.headers()['last-event-id'] !== undefined) times++;
    });
    await button(page, t('offer.accept')).waitFor();
    await controlled(page);
    return { t, page, phone, id, offer, resumed: () => times };
  }
});

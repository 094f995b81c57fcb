/** The screens in a real Chromium at phone size, on the whole stack. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { CDPSession, Page } from 'playwright-core';
import { offered, signIn, timesIn, until, type Person } from '../journey/people.ts';
import { controlled, overflowOf, smallTargetsOf, violationsOf, type Language, type Phone } from './browser.ts';
import { openStage, type Stage } from './stage.ts';
import { button, walk, words } from './walk.ts';

let stage: Stage;
let donor: Person;
let operator: Person;

before(
  async () => {
    stage = await openStage();
    donor = await signIn(stage.helsinki, 'donor', await stage.helsinki.aDonor());
    operator = await signIn(stage.helsinki, 'operator');
  },
  { timeout: 180_000 },
);
after(async () => stage.stop());

const waiting = (page: Page): Promise<number> => page.locator('.tap.queued').count();

describe('the screens', () => {
  for (const language of ['id', 'en'] as const) {
    it(
      `a lot's way from kitchen to people, in ${language}; every screen is accessible`,
      { timeout: 120_000 },
      async () => {
        const seen: string[] = [];
        const complaints = await walk(stage, language, async (name, page) => {
          seen.push(name);
          assert.deepEqual(await violationsOf(page), [], name);
          assert.deepEqual(await smallTargetsOf(page), [], name);
          assert.ok((await overflowOf(page)) <= 0, `${name} is wider than the screen`);
          assert.equal(await page.evaluate(() => document.documentElement.lang), language);
        });
        assert.deepEqual(complaints, []);
        assert.equal(seen.length, 28);
      },
    );
  }

  it('in the dark and at 200 % text nothing is lost', { timeout: 60_000 }, async () => {
    const { offer } = await offered(donor);
    const phone = await stage.phone('id', 'recipient', offer.recipientId);
    const { page } = phone;
    await page.emulateMedia({ colorScheme: 'dark' });
    await button(page, words('id')('offer.accept')).waitFor();
    assert.deepEqual(await violationsOf(page), []);
    await page.evaluate(() => (document.documentElement.style.fontSize = '200%'));
    assert.ok((await overflowOf(page)) <= 0, 'sideways scrolling at 200 %');
    assert.deepEqual(await violationsOf(page), []);
    await phone.close();
  });
});

describe('what happens elsewhere', () => {
  it('is on the screen within seconds, and again after the api was away', { timeout: 90_000 }, async () => {
    const t = words('en');
    const { id, offer } = await offered(donor);
    const recipient = await signIn(stage.helsinki, 'recipient', offer.recipientId);
    const phone = await stage.phone('en', 'donor', await stage.helsinki.aDonor());
    const card = phone.page.locator('article', { has: phone.page.locator(`a[href="#/surplus/${id}"]`) });
    await card.getByText(t('state.lot.offered')).waitFor();
    // by the stream: without it the app would look each 15 s
    assert.equal((await recipient.post(`/v1/offers/${offer.id}/accept`, {})).status, 200);
    await card.getByText(t('state.lot.claimed')).waitFor({ timeout: 8_000 });
    await stage.helsinki.killAndWait('api');
    assert.equal((await recipient.post(`/v1/offers/${offer.id}/release`, { reason: 'x' })).status, 200);
    await card.getByText(t('state.lot.claimed')).waitFor({ state: 'detached', timeout: 20_000 });
    await phone.close();
  });
});

describe('a tap', () => {
  it('made without a network survives the page, and is applied once', { timeout: 90_000 }, async () => {
    const { t, id, phone } = await acceptedOffline('id');
    const { context, page } = phone;
    assert.equal(await button(page, t('offer.accept')).count(), 0, 'no second tap over the first');
    await page.close();
    assert.equal(await timesIn(operator, id, 'accepted'), 0);

    const again = await phone.open();
    await until(
      'it is there in the reopened page',
      () => waiting(again),
      (count) => count === 1,
    );
    assert.equal(await timesIn(operator, id, 'accepted'), 0);
    await context.setOffline(false);
    await again.getByRole('heading', { name: t('offer.claimed.title') }).waitFor();
    assert.equal(await timesIn(operator, id, 'accepted'), 1);
    assert.equal(await waiting(again), 0);
    await phone.close();
  });

  it('is sent by the service worker when no page is open', { timeout: 60_000 }, async () => {
    const { id, phone } = await acceptedOffline('en');
    const { context, page } = phone;
    // of the same origin, and without a script: only through it can the browser be told to sync
    const picture = await phone.open('/icon.svg');
    await page.close();
    await context.setOffline(false);
    assert.equal(await timesIn(operator, id, 'accepted'), 0);
    await worker(picture, (devtools, origin, registrationId) =>
      devtools.send('ServiceWorker.dispatchSyncEvent', { origin, registrationId, tag: 'outbox', lastChance: false }),
    );
    await until(
      'the server has heard of it',
      () => timesIn(operator, id, 'accepted'),
      (times) => times === 1,
    );
    await phone.close();
  });

  it('that comes too late is refused, and says why', { timeout: 60_000 }, async () => {
    const { t, id, phone } = await acceptedOffline('en');
    const { context, page } = phone;
    assert.equal((await donor.remove(`/v1/surplus/${id}`)).status, 200);
    await context.setOffline(false);
    await page.locator('.tap.refused').waitFor();
    assert.match((await page.locator('.tap.refused').textContent()) ?? '', /closed already/);
    await button(page, t('tap.dismiss')).click();
    await until(
      'it is read',
      () => page.locator('.tap.refused').count(),
      (count) => count === 0,
    );
    await phone.close();
  });

  it('whose answer was lost is sent again under the same key, and applied once', { timeout: 60_000 }, async () => {
    const t = words('en');
    const { id, offer } = await offered(donor);
    const phone = await stage.phone('en', 'recipient', offer.recipientId);
    const { page } = phone;
    const keys: string[] = [];
    await page.route('**/accept', async (route) => {
      keys.push(route.request().headers()['idempotency-key'] ?? '');
      if (keys.length > 1) return await route.continue();
      await route.fetch();
      await route.abort();
    });
    await button(page, t('offer.accept')).click();
    await page.getByRole('heading', { name: t('offer.claimed.title') }).waitFor();
    await until(
      'the queue is empty',
      () => waiting(page),
      (count) => count === 0,
    );
    assert.ok(keys.length >= 2, 'it was sent again');
    assert.equal(new Set(keys).size, 1, 'under one key');
    assert.equal(await timesIn(operator, id, 'accepted'), 1);
    await phone.close();
  });
});

describe('signing in', () => {
  it('by a passkey saved after a link; signing out needs it again', { timeout: 60_000 }, async () => {
    const t = words('id');
    const phone = await stage.phone('id', 'donor', await stage.helsinki.aDonor());
    const { page } = phone;
    await withAuthenticator(phone);
    await page.getByRole('link', { name: t('menu.settings') }).click();
    await button(page, t('settings.passkey.add')).click();
    await page.getByText(t('settings.passkey.done')).waitFor();
    await button(page, t('settings.out.here')).click();
    await button(page, t('enter.passkey')).click();
    await page
      .locator('main')
      .getByRole('link', { name: t('food.post') })
      .waitFor();
    await page.reload();
    await page
      .locator('main')
      .getByRole('link', { name: t('food.post') })
      .waitFor();
    assert.deepEqual(phone.complaints, []);
    await phone.close();
  });
});

describe('a push', () => {
  it('is shown in the language of the phone, and opens the offer', { timeout: 60_000 }, async () => {
    const t = words('id');
    const { id, offer } = await offered(donor);
    const phone = await stage.phone('id', 'recipient', offer.recipientId);
    const { context, page } = phone;
    await context.grantPermissions(['notifications'], { origin: stage.url });
    await controlled(page);
    await push(page, { type: 'offer', surplusId: id, offerId: offer.id });
    const shown = await until(
      'the notification is shown',
      () => notifications(page),
      (found) => found.length === 1,
    );
    assert.deepEqual(shown, [[t('push.offer.title'), t('push.offer.body'), offer.id]]);
    await phone.close();
  });

  it('is asked for anew by a phone that did so for another key of ours', { timeout: 60_000 }, async () => {
    const { offer } = await offered(donor);
    const phone = await stage.phone('id', 'recipient', offer.recipientId);
    const { context, page } = phone;
    await context.grantPermissions(['notifications'], { origin: stage.url });
    await controlled(page);
    await context.addInitScript(subscribedForAnotherKey);
    await page.reload();
    const said = await until(
      'it subscribes anew',
      () => page.evaluate(() => (globalThis as unknown as { said: string[] }).said),
      (found) => found.length >= 2,
    );
    const { body } = await donor.get<{ publicKey: string }>('/v1/push-subscriptions/key');
    assert.deepEqual(said.slice(0, 2), ['unsubscribe', `subscribe ${body.publicKey}`]);
    await phone.close();
  });
});

/** In the page: a browser that was subscribed when another key was ours, and what is asked of it now. */
function subscribedForAnotherKey(): void {
  const said: string[] = [];
  const other = { applicationServerKey: new Uint8Array([4, 1, 2]).buffer };
  const endpoint = 'https://push.example/device';
  const unsubscribe = () => Promise.resolve(said.push('unsubscribe') > 0);
  const subscription = (options: object) => ({ endpoint, options, unsubscribe, toJSON: () => ({ endpoint }) });
  Object.assign(globalThis, { said });
  Object.assign(PushManager.prototype, {
    getSubscription: () => Promise.resolve(subscription(other)),
    subscribe: (options: { applicationServerKey: string }) => {
      said.push(`subscribe ${options.applicationServerKey}`);
      return Promise.resolve(subscription(options));
    },
  });
}

/** An offer somebody has accepted on a phone without a network: the tap is kept there. */
async function acceptedOffline(language: Language) {
  const t = words(language);
  const { id, offer } = await offered(donor);
  const phone = await stage.phone(language, 'recipient', offer.recipientId);
  const { context, page } = phone;
  await button(page, t('offer.accept')).waitFor();
  await controlled(page);
  await context.setOffline(true);
  await button(page, t('offer.accept')).click();
  await until(
    'it is kept',
    () => waiting(page),
    (count) => count === 1,
  );
  return { t, id, phone };
}

/** A finger that is always there. */
async function withAuthenticator({ context, page }: Phone): Promise<void> {
  const devtools = await context.newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
    },
  });
}

/** As the browser's push service delivers it, decrypted. */
async function push(page: Page, payload: object): Promise<void> {
  const data = JSON.stringify(payload);
  await worker(page, (devtools, origin, registrationId) =>
    devtools.send('ServiceWorker.deliverPushMessage', { origin, registrationId, data }),
  );
}

type Tell = (devtools: CDPSession, origin: string, registrationId: string) => Promise<unknown>;

/** Has the browser tell the service worker of a page's origin something. */
async function worker(page: Page, tell: Tell): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  const registered = new Promise<string>((resolve) => {
    devtools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const [first] = registrations;
      if (first !== undefined) resolve(first.registrationId);
    });
  });
  await devtools.send('ServiceWorker.enable');
  const registrationId = await registered;
  await tell(devtools, new URL(page.url()).origin, registrationId);
}

async function notifications(page: Page): Promise<unknown[][]> {
  return await page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    const shown = await registration.getNotifications();
    return shown.map(({ title, body, data }) => [title, body, (data as { offerId?: string }).offerId]);
  });
}

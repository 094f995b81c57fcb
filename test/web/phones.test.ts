/** What befalls phones: several people use one, one has no room left, one's clock is wrong, and on one there is more to see than a page. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { startPushService, type Device, type PushService } from '../../dev/testing/pushService.ts';
import { offered, signIn, timesIn, until, type Person } from '../journey/people.ts';
import { controlled, smallTargetsOf, violationsOf, type Phone } from './browser.ts';
import { openStage, type Stage } from './stage.ts';
import { button, words } from './spoken.ts';

let stage: Stage;
let service: PushService;
let donor: Person;
let operator: Person;
const t = words('en');
const HOUR_MS = 3_600_000;

interface Posted {
  readonly note: string | null;
  readonly safeUntil: string;
}

before(
  async () => {
    service = await startPushService();
    stage = await openStage({ ALLOW_LOCAL_PUSH: '1' });
    donor = await signIn(stage.helsinki, 'donor', await stage.helsinki.aDonor());
    operator = await signIn(stage.helsinki, 'operator');
  },
  { timeout: 180_000 },
);
after(async () => {
  await stage.stop();
  await service.stop();
});

async function linkOf(asked: object): Promise<string> {
  const { status, body } = await operator.post<{ url: string }>('/v1/auth/links', asked);
  assert.equal(status, 201);
  return body.url;
}

/** By a link that is opened on this phone. */
async function enter(page: Page, asked: object): Promise<void> {
  await page.goto(await linkOf(asked));
  await button(page, t('enter.link.go')).click();
  await page.locator('nav').waitFor();
}

async function signOut(page: Page): Promise<void> {
  await page.getByRole('link', { name: t('menu.settings') }).click();
  await button(page, t('settings.out.here')).click();
  await button(page, t('enter.passkey')).waitFor();
}

/** Background Sync would send through the worker, where no test can hold it up. */
async function withoutSync({ context, page }: Phone): Promise<void> {
  await context.addInitScript(() =>
    Object.defineProperty(ServiceWorkerRegistration.prototype, 'sync', { value: undefined }),
  );
  await page.reload();
}

async function takeBack(page: Page, lotId: string): Promise<void> {
  await page.goto(`${stage.url}/#/surplus/${lotId}`);
  await button(page, t('steer.withdraw')).click();
  await page.getByLabel(t('steer.why')).fill('x');
  await button(page, t('steer.withdraw.go')).click();
}

const actorsOf = async (lotId: string): Promise<string[]> => {
  const { body } = await operator.get<{ items: { action: string; actor: string }[] }>(`/v1/audit?subject=lot:${lotId}`);
  return body.items.filter(({ action }) => action.includes('withdraw')).map(({ actor }) => actor);
};

describe('operators at one phone', () => {
  it('what one has tapped waits for that one, however many sign in meanwhile', { timeout: 90_000 }, async () => {
    const [hers, his] = [await offered(donor), await offered(donor)];
    const phone = await stage.freshPhone('en');
    const { page } = phone;
    await withoutSync(phone);
    await enter(page, { role: 'operator', operator: 'siti' });
    const path = `**/v1/surplus/${hers.id}/withdraw`;
    await page.route(path, (route) => route.abort());
    await takeBack(page, hers.id);
    await page.locator('.tap.queued').waitFor();
    await signOut(page);

    await enter(page, { role: 'operator', operator: 'budi' });
    await page.unroute(path);
    await takeBack(page, his.id);
    await page.locator('.tap.sent').waitFor();
    // Hers is older: it would have gone before his.
    assert.equal(await timesIn(operator, hers.id, 'withdrawn'), 0);
    assert.deepEqual(await actorsOf(his.id), ['budi']);
    await signOut(page);

    await enter(page, { role: 'operator', operator: 'siti' });
    await until(
      'hers is sent once she is back',
      () => actorsOf(hers.id),
      (actors) => actors.length > 0,
    );
    assert.deepEqual(await actorsOf(hers.id), ['siti']);
    await phone.close();
  });
});

/** In the page: a browser that asks its push service for one device after the other. */
function subscribesAs(devices: readonly Device['subscription'][]): void {
  let count = 0;
  let current: object | null = null;
  const unsubscribe = () => {
    current = null;
    return Promise.resolve(true);
  };
  Object.assign(PushManager.prototype, {
    getSubscription: () => Promise.resolve(current),
    subscribe: () => {
      const told = devices[count++];
      current = { endpoint: told?.endpoint, options: { applicationServerKey: null }, unsubscribe, toJSON: () => told };
      return Promise.resolve(current);
    },
  });
}

/** What is asked of the subscriptions on this page, and by whom. */
function pushRequests(page: Page): string[] {
  const asked: string[] = [];
  page.on('request', (request) => {
    const { pathname } = new URL(request.url());
    if (!pathname.startsWith('/v1/push-subscriptions') || request.method() === 'GET') return;
    const token = request.headers()['authorization']?.split('.')[1] ?? '';
    const { sub } = JSON.parse(Buffer.from(token, 'base64url').toString()) as { sub: string };
    asked.push(`${sub} ${request.method()} ${pathname.replace(/[0-9a-f]{64}/, 'id')}`);
  });
  return asked;
}

describe('notifications on a phone that another signs in on', () => {
  it('are of whoever is signed in, and no longer of who was', { timeout: 90_000 }, async () => {
    const { id, offer } = await offered(donor);
    await donor.remove(`/v1/surplus/${id}`);
    const { items } = (await operator.get<{ items: { id: string }[] }>('/v1/recipients?limit=100')).body;
    const [first, second] = [offer.recipientId, items.find((each) => each.id !== offer.recipientId)?.id ?? ''];
    const { publicKey } = (await operator.get<{ publicKey: string }>('/v1/push-subscriptions/key')).body;
    const devices = Array.from({ length: 4 }, () => service.device(publicKey));
    const phone = await stage.phone('en', 'recipient', first);
    const { context, page } = phone;
    await context.grantPermissions(['notifications'], { origin: stage.url });
    await controlled(page);
    await context.addInitScript(
      subscribesAs,
      devices.map(({ subscription }) => subscription),
    );
    await page.reload();
    const asked = pushRequests(page);
    await page.getByRole('link', { name: t('menu.settings') }).click();
    await button(page, t('settings.push.on')).click();
    await page.getByText(t('settings.push.done')).waitFor();
    await signOut(page);
    await enter(page, { role: 'recipient', organisationId: second });
    await until(
      'the next one subscribes',
      () => Promise.resolve(asked),
      (all) => all.includes(`${second} POST /v1/push-subscriptions`),
    );
    assert.deepEqual(asked, [
      `${first} POST /v1/push-subscriptions`,
      `${first} DELETE /v1/push-subscriptions/id`,
      `${second} POST /v1/push-subscriptions/id/heartbeat`,
      `${second} POST /v1/push-subscriptions`,
    ]);
    // By links over each other's sessions: nobody signs out, and it is the same day.
    for (const next of [first, second]) {
      await enter(page, { role: 'recipient', organisationId: next });
      await until(
        'the next one subscribes again',
        () => Promise.resolve(asked),
        (all) => all.at(-1) === `${next} POST /v1/push-subscriptions`,
      );
    }
    assert.deepEqual(phone.complaints, []);
    await phone.close();
  });
});

describe('a phone whose clock is three hours fast', () => {
  it(
    'says for how long food is good all the same, though it has not heard the server',
    { timeout: 90_000 },
    async () => {
      const phone = await stage.phone('en', 'donor', await stage.helsinki.aDonor());
      const { context, page } = phone;
      await controlled(page);
      // The clock of the service worker can't be moved from here.
      await withoutSync(phone);
      await context.setOffline(true);
      await page.clock.setSystemTime(Date.now() + 3 * HOUR_MS);
      await page.reload();
      await page
        .locator('main')
        .getByRole('link', { name: t('food.post'), exact: true })
        .click();
      await page.getByLabel(t('category.bakery'), { exact: true }).check({ force: true });
      await page.getByLabel(t('storage.ambient'), { exact: true }).check({ force: true });
      await page.locator('input[name="until"]').first().check({ force: true });
      await page.getByLabel(t('post.note')).fill('of a fast clock');
      await button(page, t('post.go')).click();
      await page.locator('.tap.queued').first().waitFor();
      const leastMs = Date.now() + 2 * HOUR_MS - 3 * 60_000;
      await context.setOffline(false);
      const posted = await until(
        'it is posted',
        async () => (await donor.get<{ items: Posted[] }>('/v1/surplus')).body.items,
        (items) => items.some(({ note }) => note === 'of a fast clock'),
      );
      const safeUntilMs = Date.parse(posted.find(({ note }) => note === 'of a fast clock')?.safeUntil ?? '');
      assert.ok(
        safeUntilMs >= leastMs && safeUntilMs <= Date.now() + 2 * HOUR_MS + 2_000,
        new Date(safeUntilMs).toISOString(),
      );
      await phone.close();
    },
  );
});

/** In the page: nothing that is tapped can be kept any more. */
function full(): void {
  const { put } = IDBObjectStore.prototype;
  IDBObjectStore.prototype.put = function (...given) {
    if (this.name === 'taps') throw new DOMException('no room', 'QuotaExceededError');
    return put.apply(this, given);
  };
}

describe('a phone that is full', () => {
  it(
    'says what it could not keep, and keeps the form; with a network the post goes out',
    { timeout: 90_000 },
    async () => {
      const phone = await stage.phone('en', 'donor', await stage.helsinki.aDonor());
      const { context, page } = phone;
      await controlled(page);
      await context.addInitScript(full);
      await page.reload();
      await page
        .locator('main')
        .getByRole('link', { name: t('food.post'), exact: true })
        .click();
      await page.getByLabel(t('category.bakery'), { exact: true }).check({ force: true });
      await page.getByLabel(t('storage.ambient'), { exact: true }).check({ force: true });
      await page.getByLabel(t('post.note')).fill('of a full phone');
      await context.setOffline(true);
      await button(page, t('post.go')).click();
      const alert = page.getByRole('alert').filter({ hasText: 'could not keep it' });
      await alert.waitFor();
      assert.ok(await alert.evaluate((told) => told.getBoundingClientRect().top >= 0), 'in sight');
      assert.equal(await page.getByLabel(t('post.note')).inputValue(), 'of a full phone');
      assert.deepEqual(await violationsOf(page), []);
      assert.deepEqual(await smallTargetsOf(page), []);

      await context.setOffline(false);
      await button(page, t('post.go')).click();
      await page.getByLabel(t('post.note')).waitFor({ state: 'detached' });
      const posted = await until(
        'it is posted',
        () => donor.get<{ items: { note: string | null }[] }>('/v1/surplus'),
        ({ body }) => body.items.some(({ note }) => note === 'of a full phone'),
      );
      assert.equal(posted.body.items.filter(({ note }) => note === 'of a full phone').length, 1);
      assert.equal(await alert.count(), 0);
      assert.deepEqual(phone.complaints, []);
      await phone.close();
    },
  );

  it('whose answer is lost posts once, though the person does it again', { timeout: 90_000 }, async () => {
    const phone = await stage.phone('en', 'donor', await stage.helsinki.aDonor());
    const { context, page } = phone;
    await controlled(page);
    await context.addInitScript(full);
    await page.goto(`${stage.url}/#/post`);
    await page.reload();
    await page.getByLabel(t('category.bakery'), { exact: true }).check({ force: true });
    await page.getByLabel(t('storage.ambient'), { exact: true }).check({ force: true });
    await page.getByLabel(t('post.note')).fill('of a lost answer');
    await page.route('**/v1/surplus', async (route) => {
      if (route.request().method() !== 'POST') return await route.continue();
      await route.fetch();
      await route.abort();
    });
    await button(page, t('post.go')).click();
    await page.getByRole('alert').filter({ hasText: 'could not keep it' }).waitFor();
    await page.unroute('**/v1/surplus');
    await button(page, t('post.go')).click();
    await page.getByLabel(t('post.note')).waitFor({ state: 'detached' });
    const { items } = (await donor.get<{ items: Posted[] }>('/v1/surplus')).body;
    assert.equal(items.filter(({ note }) => note === 'of a lost answer').length, 1);
    await phone.close();
  });

  it(
    'that sends what it had kept before does so once, and holds up nothing behind it',
    { timeout: 60_000 },
    async () => {
      const phone = await stage.phone('en', 'donor', await stage.helsinki.aDonor());
      const { context, page } = phone;
      await controlled(page);
      await withoutSync(phone);
      await context.setOffline(true);
      for (const note of ['kept refused', 'kept first', 'kept second']) {
        await page.goto(`${stage.url}/#/post`);
        await page.getByLabel(t('category.bakery'), { exact: true }).check({ force: true });
        await page.getByLabel(t('storage.ambient'), { exact: true }).check({ force: true });
        await page.getByLabel(t('post.note')).fill(note);
        await button(page, t('post.go')).click();
        await page.getByLabel(t('post.note')).waitFor({ state: 'detached' });
      }
      await page.evaluate(full);
      await page.route('**/v1/surplus', async (route) => {
        if (route.request().postData()?.includes('kept refused') !== true) return await route.continue();
        await route.fulfill({ status: 409, json: { type: '/docs/errors/donor-paused', detail: '' } });
      });
      await context.setOffline(false);
      await page.locator('.tap.queued').first().waitFor({ state: 'detached' });
      const refused = page.locator('.tap.refused', { hasText: t('refused.donor-paused') });
      await refused.getByRole('button').click();
      await refused.waitFor({ state: 'detached' });
      const { items } = (await donor.get<{ items: Posted[] }>('/v1/surplus')).body;
      for (const kept of ['kept first', 'kept second'])
        assert.equal(items.filter(({ note }) => note === kept).length, 1, kept);
      await phone.close();
    },
  );
});

describe('the link of a push', () => {
  it('says whether the server has answered, and asks again; and that an offer is gone only then', async () => {
    const { id, offer } = await offered(donor);
    const phone = await stage.phone('en', 'recipient', offer.recipientId);
    const { page } = phone;
    await button(page, t('offer.accept')).waitFor();
    // Once the list knows it, it is shown from there.
    await page.route('**/v1/offers?*', (route) => route.fulfill({ json: { items: [], nextCursor: null } }));
    await page.reload();
    await page.getByText(t('offer.empty')).waitFor();
    const path = `**/v1/offers/${offer.id}`;
    await page.route(path, (route) => route.abort());
    await page.clock.install();
    await page.goto(`${stage.url}/#/offer/${offer.id}`);
    await page.locator('main').getByText(t('app.failed')).waitFor();
    assert.equal(await page.getByText(t('offer.gone')).count(), 0);
    // What the page asks for as it opens is over; from now on nothing tells it of news.
    await page.waitForTimeout(2_500);
    await page.unroute(path);
    await page.clock.fastForward(16_000);
    await button(page, t('offer.accept')).waitFor();
    await phone.close();

    const { items } = (await operator.get<{ items: { id: string }[] }>('/v1/recipients?limit=100')).body;
    const other = items.find((each) => each.id !== offer.recipientId)?.id ?? '';
    const hers = await stage.phone('en', 'recipient', other);
    await hers.page.goto(`${stage.url}/#/offer/${offer.id}`);
    await hers.page.getByText(t('offer.gone')).waitFor();
    await hers.close();
    await donor.remove(`/v1/surplus/${id}`);
  });
});

/** Of the open offers the first page is empty here, and the second holds them all; no other list has any. @returns whether it was asked for */
async function onTheSecondPage(page: Page): Promise<() => boolean> {
  let isAsked = false;
  await page.route('**/v1/offers?*', async (route) => {
    const url = new URL(route.request().url());
    const isOpen = url.searchParams.get('state') === 'open';
    if (!isOpen || !url.searchParams.has('cursor'))
      return await route.fulfill({ json: { items: [], nextCursor: isOpen ? 'more' : null } });
    url.searchParams.delete('cursor');
    await route.fulfill({ response: await route.fetch({ url: url.href }) });
    isAsked = true;
  });
  return () => isAsked;
}

describe('a long list', () => {
  it('shows the oldest open offers too: they spoil first', { timeout: 60_000 }, async () => {
    const { id, offer } = await offered(donor);
    const phone = await stage.phone('en', 'recipient', offer.recipientId);
    const { page } = phone;
    await button(page, t('offer.accept')).waitFor();
    const isAsked = await onTheSecondPage(page);
    await page.reload();
    await until(
      'the second page is asked for',
      () => Promise.resolve(isAsked()),
      (so) => so,
    );
    await button(page, t('offer.accept')).waitFor();
    await donor.remove(`/v1/surplus/${id}`);
    await phone.close();
  });
});

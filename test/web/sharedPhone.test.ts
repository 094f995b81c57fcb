/** One phone, several people: what one of them has tapped or asked for is never done in another's name. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { offered, signIn, timesIn, until, type Person } from '../journey/people.ts';
import { type Phone } from './browser.ts';
import { openStage, type Stage } from './stage.ts';
import { button, words } from './spoken.ts';

let stage: Stage;
let donor: Person;
let operator: Person;
const t = words('en');

before(
  async () => {
    stage = await openStage();
    donor = await signIn(stage.helsinki, 'donor', await stage.helsinki.aDonor());
    operator = await signIn(stage.helsinki, 'operator');
  },
  { timeout: 180_000 },
);
after(async () => stage.stop());

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

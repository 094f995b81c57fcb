/** The lots on the streets that the operator provides, in a real browser; and what is drawn where those can't be had. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { offered, signIn, until, type OfferSeen, type Person } from '../journey/people.ts';
import { openBrowser, overflowOf, smallTargetsOf, violationsOf, type Phone } from './browser.ts';
import { enterBy, openStage, type Stage } from './stage.ts';
import { button, words } from './spoken.ts';

let stage: Stage;
let donor: Person;
let lot: { readonly id: string; readonly offer: OfferSeen };
const t = words('id');

before(
  async () => {
    stage = await openStage();
    donor = await signIn(stage.helsinki, 'donor', await stage.helsinki.aDonor());
    lot = await offered(donor);
  },
  { timeout: 180_000 },
);
after(async () => stage.stop());

/** What was asked of the server for a map, and what it answered. */
function mapRequestsOf(phone: Phone): string[] {
  const asked: string[] = [];
  phone.context.on('response', (response) => {
    const { pathname } = new URL(response.url());
    const found = /^\/assets\/(streets|maplibre-gl-worker)-|^\/map\//.exec(pathname);
    if (found !== null) asked.push(`${found[0]} ${String(response.status())}`);
  });
  return asked;
}

const pinOf = (page: Page, id: string) => page.locator(`.pin[data-lot="${id}"]`);
const drawn = (page: Page) => page.locator('.streets[aria-busy="false"]').waitFor();

/** @param phone an operator's, at home */
async function atMap({ page }: Phone): Promise<void> {
  await page.getByRole('link', { name: t('map.open'), exact: true }).click();
  await page.getByRole('heading', { name: t('map.title') }).waitFor();
}

/** The colours that fill more than a thousandth of the map, as somebody sees it. */
async function coloursOf(page: Page): Promise<Map<string, number>> {
  const picture = (await page.locator('.streets').screenshot()).toString('base64');
  const shares = await page.evaluate(async (base64) => {
    const image = new Image();
    image.src = `data:image/png;base64,${base64}`;
    await image.decode();
    const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
    if (context === null) throw new Error('no canvas');
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    const counts = new Map<string, number>();
    for (let at = 0; at < data.length; at += 4) {
      const colour = [data[at], data[at + 1], data[at + 2]].join(' ');
      counts.set(colour, (counts.get(colour) ?? 0) + 1);
    }
    return [...counts].map(([colour, count]) => [colour, count / (data.length / 4)] as const);
  }, picture);
  return new Map(shares.filter(([, share]) => share > 0.001));
}

describe("an operator's map", { timeout: 120_000 }, () => {
  it('draws streets from the file alone, with the lots on them; a tap opens one', async () => {
    const phone = await stage.phone('id', 'operator', '');
    const { page } = phone;
    const asked = mapRequestsOf(phone);
    await page.locator('article').first().waitFor();
    assert.equal(asked.length, 0, 'nothing of a map is loaded before one is opened');
    await atMap(phone);
    await pinOf(page, lot.id).waitFor();
    await drawn(page);
    const colours = await coloursOf(page);
    // land, buildings, roads: streetStyle.ts
    for (const colour of ['238 241 238', '221 225 221', '255 255 255'])
      assert.ok((colours.get(colour) ?? 0) > 0.01, `${colour} is not seen`);
    assert.deepEqual([...new Set(asked)].sort(), [
      '/assets/maplibre-gl-worker- 200',
      '/assets/streets- 200',
      '/map/ 206',
    ]);
    await page.getByText(t('map.source')).waitFor();
    assert.equal(await page.locator('svg.map').count(), 0);
    const { width, height } = (await pinOf(page, lot.id).boundingBox()) ?? { width: 0, height: 0 };
    assert.ok(width >= 48 && height >= 48, 'a finger must hit it');
    await pinOf(page, lot.id).tap();
    await page.waitForURL(`**/#/surplus/${lot.id}`);
    assert.deepEqual(phone.complaints, []);
    await phone.close();
  });

  it('has the list before it, nothing in it that a keyboard or a screen reader is led into, and room at 200 %', async () => {
    const phone = await stage.phone('id', 'operator', '');
    const { page } = phone;
    await atMap(phone);
    await drawn(page);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      assert.deepEqual(await violationsOf(page), [], colorScheme);
    }
    assert.deepEqual(await smallTargetsOf(page), []);
    const order = await page.evaluate(() => {
      const article = document.querySelector('article');
      const map = document.querySelector('.streets');
      if (article === null || map === null) throw new Error('no list, or no map');
      return {
        focusable: map.querySelectorAll('a, button, input, [tabindex]:not([tabindex="-1"])').length,
        isListFirst: (article.compareDocumentPosition(map) & Node.DOCUMENT_POSITION_FOLLOWING) > 0,
      };
    });
    assert.deepEqual(order, { focusable: 0, isListFirst: true });
    await page.evaluate(() => (document.documentElement.style.fontSize = '200%'));
    assert.ok((await overflowOf(page)) <= 0, 'sideways scrolling at 200 %');
    assert.deepEqual(phone.complaints, []);
    await phone.close();
  });

  it('is dark in the dark, and nearer when asked', async () => {
    const phone = await stage.phone('id', 'operator', '');
    const { page } = phone;
    await page.emulateMedia({ colorScheme: 'dark' });
    await atMap(phone);
    await drawn(page);
    const far = await coloursOf(page);
    assert.ok((far.get('22 32 27') ?? 0) > 0.01, 'the land is dark');
    await button(page, t('map.nearer')).click();
    await button(page, t('map.nearer')).click();
    const before = far.get('32 43 38') ?? 0;
    const buildings = async () => (await coloursOf(page)).get('32 43 38') ?? 0;
    await until('it shows less, and larger', buildings, (share) => Math.abs(share - before) > 0.01);
    assert.deepEqual(phone.complaints, []);
    await phone.close();
  });

  it('follows the lots while one looks: a new one appears, one that is over goes', async () => {
    const phone = await stage.phone('id', 'operator', '');
    const { page } = phone;
    await atMap(phone);
    await pinOf(page, lot.id).waitFor();
    const { body } = await (
      await signIn(stage.helsinki, 'operator')
    ).get<{ items: { id: string }[] }>('/v1/donors?limit=9');
    const other = await signIn(stage.helsinki, 'donor', body.items.at(-1)?.id ?? '');
    const next = await offered(other);
    await pinOf(page, next.id).waitFor();
    await other.remove(`/v1/surplus/${next.id}`);
    await pinOf(page, next.id).waitFor({ state: 'detached' });
    await pinOf(page, lot.id).waitFor();
    assert.deepEqual(phone.complaints, []);
    await phone.close();
  });

  it('is drawn plainly where the file or the graphics cannot be had, or the file is of another city', async () => {
    const phone = await stage.phone('id', 'operator', '');
    await phone.context.route('**/map/*.pmtiles', (route) => route.abort());
    await atMap(phone);
    await phone.page.locator('svg.map .mark').first().waitFor();
    await phone.page.getByText(t('map.scale').split('{')[0] ?? '').waitFor();
    assert.equal(await phone.page.locator('.streets').count(), 0);
    await phone.close();
    const elsewhere = await stage.phone('id', 'operator', '');
    await elsewhere.context.route('**/map/*.pmtiles', async (route) => {
      const response = await route.fetch();
      const body = await response.body();
      // west, south, east, north, in ten-millionths of a degree: Jakarta
      [1_066_000_000, -64_000_000, 1_070_000_000, -60_000_000].forEach((at, n) => body.writeInt32LE(at, 102 + 4 * n));
      await route.fulfill({ response, body });
    });
    await atMap(elsewhere);
    await elsewhere.page.locator('svg.map .mark').first().waitFor();
    await elsewhere.close();
    const flat = await openBrowser(['--disable-3d-apis']);
    const old = await enterBy(flat, 'id', await stage.link('operator', ''));
    await atMap(old);
    await old.page.locator('svg.map .mark').first().waitFor();
    assert.equal(await old.page.locator('.streets').count(), 0);
    await flat.close();
  });
});

describe("a recipient's map", { timeout: 120_000 }, () => {
  it('comes when it is asked for, below the offers, with each that is open or claimed', async () => {
    const phone = await stage.phone('id', 'recipient', lot.offer.recipientId);
    const { page } = phone;
    const asked = mapRequestsOf(phone);
    await button(page, t('offer.accept')).waitFor();
    assert.equal(asked.length, 0);
    await page.getByText(t('offer.map'), { exact: true }).click();
    await pinOf(page, lot.offer.id).waitFor();
    await drawn(page);
    assert.ok(asked.includes('/map/ 206'));
    const markOf = async () => await pinOf(page, lot.offer.id).locator('.mark').getAttribute('d');
    const open = await markOf();
    await button(page, t('offer.accept')).click();
    await page.getByRole('heading', { name: t('offer.claimed.title') }).waitFor();
    await until('a claimed one has another shape', markOf, (seen) => seen !== open);
    assert.deepEqual(await violationsOf(page), []);
    await pinOf(page, lot.offer.id).tap();
    await page.waitForURL(`**/#/offer/${lot.offer.id}`);
    assert.deepEqual(phone.complaints, []);
    await phone.close();
  });
});

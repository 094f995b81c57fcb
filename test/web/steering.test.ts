/** What operators and recipients do besides the walk: each by the screens, on the whole stack. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { randomUUID } from 'node:crypto';
import { create, toBinary } from '@bufbuild/protobuf';
import type { Locator, Page } from 'playwright-core';
import { connectBus } from '#adapters/nats/bus.ts';
import { createPublish } from '#adapters/nats/publish.ts';
import { createStreamKeeper } from '#adapters/nats/streams.ts';
import { DeadLetterSchema } from '#proto/gen/pahlawan/v1/events_pb.js';
import { offered, signIn, until, type Person, type SurplusSeen } from '../journey/people.ts';
import { overflowOf, violationsOf, type Phone } from './browser.ts';
import { openStage, type Stage } from './stage.ts';
import { button, words } from './spoken.ts';

let stage: Stage;
let donor: Person;
let operator: Person;
const t = words('id');

before(
  async () => {
    // no map is provided here: a plain one is drawn
    stage = await openStage({ MAP_TILES_FILE: '' });
    donor = await signIn(stage.helsinki, 'donor', await stage.helsinki.aDonor());
    operator = await signIn(stage.helsinki, 'operator');
  },
  { timeout: 180_000 },
);
after(async () => stage.stop());

interface Step {
  readonly reason: string;
  readonly detail: string | null;
}
type LotNow = Omit<SurplusSeen, 'history'> & { readonly history: readonly Step[] };
const lotNow = async (id: string): Promise<LotNow> => (await operator.get<LotNow>(`/v1/surplus/${id}`)).body;
const reasonsOf = async (id: string): Promise<string[]> => (await lotNow(id)).history.map(({ reason }) => reason);

/** The operator's phone, at one lot. */
async function atLot(id: string): Promise<Phone> {
  const phone = await stage.phone('id', 'operator', '');
  await phone.page.goto(`${stage.url}/#/surplus/${id}`);
  await button(phone.page, t('steer.cancel')).waitFor();
  return phone;
}

async function because(page: Page, why: string, go: string): Promise<void> {
  await page.getByLabel(t('steer.why')).fill(why);
  await button(page, go).click();
}

/** In sight for Playwright may still be under the menu at the foot: a forced click would go there. */
async function chooseFirst(page: Page): Promise<void> {
  const first = page.locator('input[name="recipient"]').first();
  await first.evaluate((radio) => radio.scrollIntoView({ block: 'center' }));
  await first.check({ force: true });
}

describe('an operator', () => {
  it('offers a lot to another, gives more time, takes it back, and cancels it, each with a reason', async () => {
    const { id, offer } = await offered(donor);
    const phone = await atLot(id);
    const { page } = phone;
    await button(page, t('steer.assign')).click();
    await chooseFirst(page);
    await button(page, t('steer.assign.go')).click();
    await page.getByText(t('steer.why.missing')).waitFor();
    assert.equal((await lotNow(id)).offer?.id, offer.id, 'without a reason nothing is done');
    await because(page, 'sudah ditelepon', t('steer.assign.go'));
    const assigned = await until(
      'another one is asked',
      () => lotNow(id),
      (lot) => lot.offer !== null && lot.offer.id !== offer.id && lot.history.at(-1)?.reason === 'assigned',
    );
    assert.equal(JSON.parse(assigned.history.at(-1)?.detail ?? '').why, 'sudah ditelepon');
    await page.getByText(t('because.assigned')).first().waitFor();

    await button(page, t('steer.extend')).click();
    await page.locator('input[name="until"]').first().check({ force: true });
    await because(page, 'masih di jalan', t('steer.extend.go'));
    const extended = await until(
      'the deadline is later',
      () => lotNow(id),
      (lot) => Date.parse(lot.offer?.deadline ?? '') > Date.parse(assigned.offer?.deadline ?? ''),
    );
    assert.equal(extended.offer?.id, assigned.offer?.id);

    await button(page, t('steer.withdraw')).click();
    await because(page, 'mobil mogok', t('steer.withdraw.go'));
    await until(
      'it was taken back',
      () => reasonsOf(id),
      (reasons) => reasons.includes('withdrawn'),
    );
    await button(page, t('steer.cancel')).click();
    await because(page, 'basi', t('steer.cancel.go'));
    await until(
      'it is cancelled',
      () => lotNow(id),
      (lot) => lot.state === 'cancelled',
    );
    await page.locator('.steps').getByText(t('reason.cancelled')).first().waitFor();
    assert.equal(await button(page, t('steer.cancel')).count(), 0, 'an end is an end');
    assert.deepEqual(phone.complaints, []);
    await phone.close();
  });

  it('is told why an override was refused', async () => {
    const { id } = await offered(donor);
    const { items } = (
      await operator.get<{ items: { id: string; name: string; active: boolean }[] }>('/v1/recipients?limit=100')
    ).body;
    const phone = await atLot(id);
    await button(phone.page, t('steer.assign')).click();
    await chooseFirst(phone.page);
    const name = (await phone.page.locator('label:has(input[name="recipient"]:checked)').textContent()) ?? '';
    const chosen = items.find((each) => name.includes(each.name));
    assert.ok(chosen);
    await operator.post(`/v1/recipients/${chosen.id}/pause`, { reason: 'x' });
    await because(phone.page, 'coba', t('steer.assign.go'));
    await phone.page.locator('.tap.refused').waitFor();
    assert.match((await phone.page.locator('.tap.refused').textContent()) ?? '', /is paused/);
    await operator.post(`/v1/recipients/${chosen.id}/resume`, { reason: 'x' });
    await donor.remove(`/v1/surplus/${id}`);
    await phone.close();
  });

  it('reads names of organisations, and ids in small print only', { timeout: 90_000 }, async () => {
    const id = await deadLettered();
    const { body: told } = await operator.get<SurplusSeen & { donorId: string; donorName: string }>(
      `/v1/surplus/${id}`,
    );
    const { donorId, donorName, offer } = told;
    assert.ok(offer !== null && donorName !== donorId);
    const phone = await stage.phone('id', 'operator', '');
    const { page } = phone;
    const read = async (path: string, ready: readonly string[]): Promise<string> => {
      await page.goto(`${stage.url}/#/${path}`);
      for (const each of ready) await page.getByText(each).first().waitFor();
      return await page.locator('main').evaluate((main) => {
        const large = main.cloneNode(true) as HTMLElement;
        for (const small of large.querySelectorAll('.small')) small.remove();
        return large.textContent;
      });
    };
    // each with something that no screen before it has
    const screens = [
      ['', [donorName]],
      [`surplus/${id}`, [t('steer.cancel'), donorName]],
      ['letters', [t('letters.replay'), donorName]],
      ['today', [t('today.posted')]],
      ['partners', [t('partners.which')]],
    ] as const;
    for (const [path, ready] of screens) {
      const text = await read(path, ready);
      for (const bare of [donorId, offer.recipientId]) assert.ok(!text.includes(bare), `${path}: ${bare}`);
    }
    const [letter] = (await operator.get<{ items: { seq: number }[] }>('/v1/dead-letters')).body.items;
    await operator.post(`/v1/dead-letters/${String(letter?.seq)}/discard`, {});
    await donor.remove(`/v1/surplus/${id}`);
    await phone.close();
  });

  /** The first partner on the screen; the cards of lots on the screen before it have no such button. @returns its card */
  async function pauseAndResume(page: Page, why: readonly [string, string]): Promise<Locator> {
    const pause = page.getByRole('button', { name: t('partners.pause'), exact: true });
    const first = page.locator('article').filter({ has: pause }).first();
    const card = page.locator('article', { hasText: (await first.locator('h2').textContent()) ?? '' });
    await first.locator(pause).click();
    await because(page, why[0], t('partners.pause.go'));
    await card.getByText(t('partners.paused')).waitFor();
    assert.deepEqual(await violationsOf(page), []);
    await card.getByRole('button', { name: t('partners.resume') }).click();
    await because(page, why[1], t('partners.resume.go'));
    await card.getByText(t('partners.paused')).waitFor({ state: 'detached' });
    return card;
  }

  it('pauses and resumes a recipient', async () => {
    const phone = await stage.phone('id', 'operator', '');
    const { page } = phone;
    await page.getByRole('link', { name: t('menu.partners'), exact: true }).click();
    await pauseAndResume(page, ['kulkas rusak', 'sudah diperbaiki']);
    await phone.close();
  });

  it('pauses and resumes a donor', async () => {
    const { id } = await offered(donor);
    const phone = await stage.phone('id', 'operator', '');
    const { page } = phone;
    await page.getByRole('link', { name: t('menu.partners'), exact: true }).click();
    await page.locator('label', { hasText: t('partners.donors') }).click();
    const find = page.getByLabel(t('invite.find'), { exact: true });
    await find.fill('tidak ada yang bernama begini');
    await page.getByText(t('invite.none')).waitFor();
    await find.fill('');
    const card = await pauseAndResume(page, ['dua kali berjamur', 'sudah dibicarakan']);
    await card.getByRole('link').click();
    await page.getByText(t('audit.did.donor.pause')).waitFor();
    await donor.remove(`/v1/surplus/${id}`);
    await phone.close();
  });

  it('replays a dead letter: whoever was tried may be asked again', { timeout: 90_000 }, async () => {
    const id = await deadLettered();
    const phone = await stage.phone('id', 'operator', '');
    await phone.page.getByRole('link', { name: t('menu.letters'), exact: true }).click();
    await phone.page.locator(`a[href="#/surplus/${id}"]`).waitFor();
    await button(phone.page, t('letters.replay')).click();
    await until(
      'it was replayed',
      () => reasonsOf(id),
      (reasons) => reasons.includes('replayed'),
    );
    await phone.page.getByText(t('letters.empty')).waitFor();
    await phone.close();
  });

  it('sees all of it in the dark and at 200 % text', { timeout: 90_000 }, async () => {
    const { id } = await offered(donor);
    const phone = await atLot(id);
    const { page } = phone;
    await page.emulateMedia({ colorScheme: 'dark' });
    await button(page, t('steer.assign')).click();
    // each with something that no screen before it has
    const screens = [
      ['', page.locator('input[name="recipient"]')],
      ['/#/today', page.getByText(t('today.posted'))],
      ['/#/map', page.locator('svg.map .mark')],
      ['/#/partners', button(page, t('partners.pause'))],
    ] as const;
    for (const [at, its] of screens) {
      if (at !== '') await page.goto(`${stage.url}${at}`);
      await its.first().waitFor({ state: 'attached' });
      assert.deepEqual(await violationsOf(page), [], at);
      await page.evaluate(() => (document.documentElement.style.fontSize = '200%'));
      assert.ok((await overflowOf(page)) <= 0, `sideways scrolling at 200 %: ${at}`);
      await page.evaluate(() => (document.documentElement.style.fontSize = ''));
    }
    await donor.remove(`/v1/surplus/${id}`);
    await phone.close();
  });
});

/** A lot that is offered to somebody, and a letter about it as the rematcher writes it after three empty tries. */
async function deadLettered(): Promise<string> {
  const { id } = await offered(donor);
  const bus = await connectBus({ url: stage.helsinki.stack.env['NATS_URL'] ?? '', name: 'test' });
  const letter = create(DeadLetterSchema, {
    deadLetterId: randomUUID(),
    cause: 'rematch-exhausted',
    detail: '',
    lotId: id,
    region: '1',
    atMs: BigInt(Date.now()),
  });
  const publish = createPublish(bus, createStreamKeeper(bus));
  const payload = toBinary(DeadLetterSchema, letter);
  const kept = await publish({ id: randomUUID(), subject: 'dead.1.rematch-exhausted', payload, traceparent: null });
  assert.ok(kept.stored);
  await bus.close();
  return id;
}

describe('a recipient', () => {
  it('declines with a reason, and gives a claim back', async () => {
    const { id, offer } = await offered(donor);
    const phone = await stage.phone('id', 'recipient', offer.recipientId);
    const { page } = phone;
    await button(page, t('offer.decline')).click();
    await button(page, t('offer.reason.people')).click();
    await until(
      'it was declined',
      () => reasonsOf(id),
      (reasons) => reasons.includes('declined'),
    );
    await donor.remove(`/v1/surplus/${id}`);
    const second = await offered(donor);
    const other = await stage.phone('id', 'recipient', second.offer.recipientId);
    await button(other.page, t('offer.accept')).click();
    await other.page
      .getByRole('link', { name: t('offer.see'), exact: true })
      .first()
      .click();
    await button(other.page, t('offer.release')).click();
    await button(other.page, t('offer.reason.full')).click();
    await until(
      'it was given back',
      () => reasonsOf(second.id),
      (reasons) => reasons.includes('released'),
    );
    await donor.remove(`/v1/surplus/${second.id}`);
    assert.deepEqual([...phone.complaints, ...other.complaints], []);
    await Promise.all([phone.close(), other.close()]);
  });

  it(
    'is open twice a day: both spans stay, are changed, and more are added; none over another',
    { timeout: 60_000 },
    async () => {
      const { id, offer } = await offered(donor);
      await donor.remove(`/v1/surplus/${id}`);
      const { recipientId } = offer;
      const self = await signIn(stage.helsinki, 'recipient', recipientId);
      const path = `/v1/recipients/${recipientId}`;
      const hours = async () => (await self.get<{ hours: [number, number][] }>(path)).body.hours;
      const before = await hours();
      const monday = [
        [540, 720],
        [1_020, 1_260],
      ];
      const told = await self.patch(path, { hours: monday }, { 'if-match': '*' });
      assert.equal(told.status, 200);
      const phone = await stage.phone('id', 'recipient', recipientId);
      const { page } = phone;
      await page.getByRole('link', { name: t('menu.profile'), exact: true }).click();
      const spans = page.locator('fieldset', { hasText: 'Senin' }).getByRole('group');
      const times = (n: number) => spans.nth(n).locator('input[type="time"]');
      await page.getByLabel(t('profile.capacity')).fill('77');
      await save(page);
      assert.deepEqual(await hours(), monday, 'what was not touched stays');

      await page.getByRole('button', { name: 'Tambah jam buka Senin' }).click();
      await times(2).first().fill('12:00');
      await times(2).last().fill('17:30');
      await button(page, t('profile.save')).click();
      await page.getByRole('alert').filter({ hasText: 'Senin: ada jam buka yang tumpang tindih' }).waitFor();
      assert.deepEqual(await hours(), monday, 'nothing is saved');
      assert.deepEqual(await violationsOf(page), []);
      await times(2).last().fill('13:30');
      await times(1).last().fill('01:00');
      await page.getByText(`(${t('profile.hours.next')})`).waitFor();
      await save(page);
      assert.deepEqual(
        (await hours()).toSorted(([a], [b]) => a - b),
        [
          [540, 720],
          [720, 810],
          [1_020, 1_500],
        ],
      );
      await page.getByRole('button', { name: 'Hapus 12:00 sampai 13:30' }).click();
      await save(page);
      assert.deepEqual(await hours(), [
        [540, 720],
        [1_020, 1_500],
      ]);
      assert.deepEqual(await violationsOf(page), []);
      await page.evaluate(() => (document.documentElement.style.fontSize = '200%'));
      assert.ok((await overflowOf(page)) <= 0, 'sideways scrolling at 200 %');
      await self.patch(path, { hours: before }, { 'if-match': '*' });
      await phone.close();
    },
  );

  it('changes what it needs, its room, its hours and its number; somebody else was quicker: it looks again', async () => {
    const { id, offer } = await offered(donor);
    await donor.remove(`/v1/surplus/${id}`);
    const self = await signIn(stage.helsinki, 'recipient', offer.recipientId);
    const told = async () => (await self.get<Record<string, unknown>>(`/v1/recipients/${offer.recipientId}`)).body;
    const phone = await stage.phone('id', 'recipient', offer.recipientId);
    const { page } = phone;
    await page.getByRole('link', { name: t('menu.profile'), exact: true }).click();
    await page.getByLabel(t('profile.capacity')).fill('123,5');
    await page
      .getByRole('button', { name: /^Tutup hari / })
      .last()
      .click();
    await button(page, t('profile.save')).click();
    await page.getByText(t('profile.saved'), { exact: true }).waitFor();
    assert.equal((await told())['capacityGrams'], 123_500);
    await self.patch(`/v1/recipients/${offer.recipientId}`, { dailyCapacityGrams: 777_000 }, { 'if-match': '*' });
    await page.getByLabel(t('profile.capacity')).fill('50');
    await button(page, t('profile.save')).click();
    await page.getByText(t('refused.stale-version')).waitFor();
    assert.equal(await page.getByLabel(t('profile.daily')).inputValue(), '777');
    assert.deepEqual(await violationsOf(page), []);
    await page.evaluate(() => (document.documentElement.style.fontSize = '200%'));
    assert.ok((await overflowOf(page)) <= 0, 'sideways scrolling at 200 %');
    await page.evaluate(() => (document.documentElement.style.fontSize = ''));
    await page.getByRole('link', { name: t('menu.settings') }).click();
    await page.getByLabel(t('phone.number')).fill('12');
    await button(page, t('phone.save')).click();
    await page.getByText(t('phone.wrong')).waitFor();
    await page.getByLabel(t('phone.number')).fill('+62 812-3456-7890');
    await button(page, t('phone.save')).click();
    await page.getByText('+6281234567890').waitFor();
    assert.deepEqual((await self.get('/v1/phone-number')).body, { phone: '+6281234567890', language: 'id' });
    await phone.close();
  });
});

/** The word of a save before is not taken for this one's. */
async function save(page: Page): Promise<void> {
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.request().method() === 'PATCH'),
    button(page, t('profile.save')).click(),
  ]);
  assert.equal(answer.status(), 200);
  await page.getByText(t('profile.saved'), { exact: true }).waitFor();
}

describe('signing out', () => {
  it('everywhere ends the other phone, too', { timeout: 60_000 }, async () => {
    const org = await stage.helsinki.aDonor();
    const lost = await stage.phone('id', 'donor', org);
    const mine = await stage.phone('id', 'donor', org);
    await mine.page.getByRole('link', { name: t('menu.settings') }).click();
    await button(mine.page, t('settings.out.everywhere')).click();
    await button(mine.page, t('enter.passkey')).waitFor();
    await lost.page.reload();
    await button(lost.page, t('enter.passkey')).waitFor();
    await Promise.all([lost.close(), mine.close()]);
  });

  it('a passkey of a lost phone is taken away', { timeout: 60_000 }, async () => {
    const phone = await stage.phone('id', 'donor', await stage.helsinki.aDonor());
    const { page } = phone;
    const devtools = await phone.context.newCDPSession(page);
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
    await page.getByRole('link', { name: t('menu.settings') }).click();
    await button(page, t('settings.passkey.add')).click();
    await page.getByText(t('settings.passkey.done')).waitFor();
    await button(page, t('settings.passkey.remove')).click();
    assert.deepEqual(await violationsOf(page), []);
    await button(page, t('settings.passkey.remove.go')).click();
    await page.getByText(t('settings.passkey.removed')).waitFor();
    await button(page, t('settings.out.here')).click();
    await button(page, t('enter.passkey')).click();
    await page.getByText(t('enter.passkey.failed')).waitFor();
    await phone.close();
  });
});

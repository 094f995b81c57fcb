/** A donor takes its food back when somebody is on the way: by the screens, in both languages, and whoever was coming is told. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startPushService, type Device, type PushService } from '../../dev/testing/pushService.ts';
import { offered, signIn, until, type Person, type SurplusSeen } from '../journey/people.ts';
import { overflowOf, smallTargetsOf, violationsOf, type Phone } from './browser.ts';
import { openStage, type Stage } from './stage.ts';
import { button, words } from './spoken.ts';

let stage: Stage;
let service: PushService;
let donorId: string;
let donor: Person;

before(
  async () => {
    service = await startPushService();
    stage = await openStage({ ALLOW_LOCAL_PUSH: '1' });
    donorId = await stage.helsinki.aDonor();
    donor = await signIn(stage.helsinki, 'donor', donorId);
  },
  { timeout: 180_000 },
);
after(async () => {
  await stage.stop();
  await service.stop();
});

/** Somebody is on the way to a lot; notifications reach this device of theirs. */
async function claimed() {
  const { id, offer } = await offered(donor);
  const recipient = await signIn(stage.helsinki, 'recipient', offer.recipientId);
  const { publicKey } = (await recipient.get<{ publicKey: string }>('/v1/push-subscriptions/key')).body;
  const device = service.device(publicKey);
  assert.equal((await recipient.post('/v1/push-subscriptions', device.subscription)).status, 201);
  assert.equal((await recipient.post(`/v1/offers/${offer.id}/accept`, {})).status, 200);
  const { recipientName } = (await donor.get<{ offer: { recipientName: string } }>(`/v1/surplus/${id}`)).body.offer;
  return { id, offer, device, recipientName };
}

function toldOf(device: Device, lotId: string): string[] {
  const payloads = device.received.map(({ text }) => JSON.parse(text) as { type: string; surplusId: string });
  return payloads.filter(({ surplusId }) => surplusId === lotId).map(({ type }) => type);
}

async function fits({ page, complaints }: Phone): Promise<void> {
  assert.deepEqual(await violationsOf(page), []);
  assert.deepEqual(await smallTargetsOf(page), []);
  assert.ok((await overflowOf(page)) <= 0, 'sideways scrolling');
  assert.deepEqual(complaints, []);
}

describe('a donor cancels', () => {
  for (const language of ['id', 'en'] as const)
    it(
      `what somebody is coming for, in ${language}: it is asked first, then they are told`,
      { timeout: 90_000 },
      async () => {
        const t = words(language);
        const { id, offer, device, recipientName } = await claimed();
        const coming = await stage.phone(language, 'recipient', offer.recipientId);
        await coming.page.goto(`${stage.url}/#/offer/${offer.id}`);
        await button(coming.page, t('offer.handover.go')).waitFor();

        const phone = await stage.phone(language, 'donor', donorId);
        const { page } = phone;
        await page.locator(`a[href="#/surplus/${id}"]`).tap();
        await button(page, t('food.cancel')).tap();
        await page.locator('fieldset', { hasText: recipientName }).waitFor();
        await fits(phone);
        await button(page, t('food.keep')).tap();
        await button(page, t('food.cancel')).tap();
        assert.equal((await donor.get<SurplusSeen>(`/v1/surplus/${id}`)).body.state, 'claimed', 'asking does nothing');
        await button(page, t('food.cancel.go')).tap();
        await page.locator('.tap.sent').waitFor();
        await page.locator('article').getByText(t('state.lot.cancelled'), { exact: true }).waitFor();
        assert.equal(await button(page, t('food.cancel')).count(), 0, 'an end is an end');
        assert.equal(await button(page, t('food.code.show')).count(), 0, 'no code for what is gone');
        await fits(phone);

        await coming.page.getByText(t('offer.withdrawn'), { exact: true }).waitFor();
        assert.equal(await button(coming.page, t('offer.handover.go')).count(), 0);
        await fits(coming);
        await until(
          'the phone in the pocket is told',
          () => Promise.resolve(toldOf(device, id)),
          (types) => types.includes('withdrawn'),
        );
        await Promise.all([phone.close(), coming.close()]);
      },
    );

  it(
    'without a network: kept, sent once there is one, and told what had been collected meanwhile',
    { timeout: 90_000 },
    async () => {
      const t = words('id');
      const { id, offer } = await claimed();
      const phone = await stage.phone('id', 'donor', donorId);
      const { page, context } = phone;
      await page.locator(`a[href="#/surplus/${id}"]`).tap();
      await button(page, t('food.cancel')).waitFor();
      await context.setOffline(true);
      await button(page, t('food.cancel')).tap();
      await button(page, t('food.cancel.go')).tap();
      await page.locator('.tap.queued').first().waitFor();
      const { code } = (await donor.get<{ code: string }>(`/v1/offers/${offer.id}/handover-code`)).body;
      const recipient = await signIn(stage.helsinki, 'recipient', offer.recipientId);
      assert.equal((await recipient.post(`/v1/offers/${offer.id}/handover`, { code })).status, 200);
      await context.setOffline(false);
      await page.locator('.tap.refused', { hasText: t('refused.offer-closed') }).waitFor();
      assert.equal((await donor.get<SurplusSeen>(`/v1/surplus/${id}`)).body.state, 'collected');
      await phone.close();
    },
  );
});

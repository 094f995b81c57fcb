/** A lot's way from a kitchen to people, by the screens alone, in one language; each screen is shown to `see`. */
import assert from 'node:assert/strict';
import { signIn, until, type SurplusSeen } from '../journey/people.ts';
import type { Language, Phone } from './browser.ts';
import type { Stage } from './stage.ts';
import { plan } from './walkDonor.ts';
import { button, words, type See } from './spoken.ts';
import { lookBack, steer } from './walkSteer.ts';

export { button, words };

/** @returns the phones' complaints */
export async function walk(stage: Stage, language: Language, see: See): Promise<string[]> {
  const complaints: string[] = [];
  const closing = async (phone: Phone): Promise<void> => {
    complaints.push(...phone.complaints);
    await phone.close();
  };
  await walkIn(stage, language, see, closing);
  const donorId = await stage.helsinki.aDonor();
  const donor = await stage.phone(language, 'donor', donorId);
  const surplus = await post(stage, language, see, donor, donorId);
  const recipient = await stage.phone(language, 'recipient', surplus.offer?.recipientId ?? '');
  await claim(language, see, recipient);
  const code = await showCode(language, see, donor, surplus);
  await handOver(language, see, recipient, code);
  await settings(language, see, recipient);
  await plan(language, see, donor);
  await lookBack(language, see, recipient.page);
  await closing(recipient);
  await closing(donor);
  await operate(stage, language, see, surplus, closing);
  return complaints;
}

async function walkIn(stage: Stage, language: Language, see: See, closing: (phone: Phone) => Promise<void>) {
  const t = words(language);
  const fresh = await stage.freshPhone(language);
  await button(fresh.page, t('enter.passkey')).waitFor();
  await see('1-sign-in', fresh.page);
  const link = await stage.link('operator', '');
  await useUp(stage, link);
  await fresh.page.goto(link);
  await button(fresh.page, t('enter.link.go')).click();
  await fresh.page.getByText(t('enter.refused.link-used')).waitFor();
  await see('2-link', fresh.page);
  await closing(fresh);
}

/** Somebody else was quicker. */
async function useUp(stage: Stage, link: string): Promise<void> {
  const answer = await fetch(`${stage.url}/v1/auth/link`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: stage.url },
    body: JSON.stringify({ token: link.split('/').at(-1) }),
  });
  assert.equal(answer.status, 200, await answer.text());
}

/** Cooked and hot, with its question; everything else as last time: four taps. */
async function post(stage: Stage, language: Language, see: See, donor: Phone, donorId: string): Promise<SurplusSeen> {
  const t = words(language);
  const { page } = donor;
  const person = await signIn(stage.helsinki, 'donor', donorId);
  const lots = async () => (await person.get<{ items: SurplusSeen[] }>('/v1/surplus')).body.items;
  const before = new Set((await lots()).map((lot) => lot.id));
  await page
    .locator('main')
    .getByRole('link', { name: t('food.post'), exact: true })
    .click();
  await page.getByLabel(t('storage.hot'), { exact: true }).check({ force: true });
  await button(page, t('post.go')).click();
  await page.getByText(t('post.answer')).waitFor();
  await page.getByLabel(t('post.no'), { exact: true }).check({ force: true });
  await see('3-donor-post', page);
  await page.getByLabel(t('storage.ambient'), { exact: true }).check({ force: true });
  await page.getByLabel(t('category.bakery'), { exact: true }).check({ force: true });
  await page.getByLabel(t('post.note')).fill(language === 'id' ? 'Pintu belakang' : 'Back door');
  await button(page, t('post.go')).click();
  await page.locator('article').first().waitFor();
  const found = await until(
    'the post is offered to somebody',
    async () => (await lots()).find((lot) => !before.has(lot.id)),
    (seen) => seen?.offer?.state === 'open',
  );
  assert.ok(found);
  assert.equal(found.quantityGrams, 5_000);
  await page
    .getByText(new RegExp(found.offer === null ? '-' : t('state.lot.offered')))
    .first()
    .waitFor();
  await see('4-donor-home', page);
  return found;
}

async function claim(language: Language, see: See, recipient: Phone): Promise<void> {
  const t = words(language);
  const { page } = recipient;
  await button(page, t('offer.accept')).waitFor();
  await page.getByText(t('offer.why')).click();
  await see('5-recipient-offer', page);
  await button(page, t('offer.decline')).click();
  await see('6-recipient-decline', page);
  await button(page, t('offer.part')).click();
  await page.getByRole('button', { name: /2[.,]5 kg/ }).click();
  await page.getByRole('heading', { name: t('offer.claimed.title') }).waitFor();
  await see('7-recipient-home', page);
  await page.getByText(t('offer.map'), { exact: true }).click();
  await page.locator('.pin').first().waitFor();
  await page.locator('.streets[aria-busy="false"]').waitFor();
  await see('7a-recipient-map', page);
  await page
    .getByRole('link', { name: t('offer.see'), exact: true })
    .first()
    .click();
}

async function showCode(language: Language, see: See, donor: Phone, surplus: SurplusSeen): Promise<string> {
  const t = words(language);
  const { page } = donor;
  await page.locator(`a[href="#/surplus/${surplus.id}"]`).click();
  await button(page, t('food.code.show')).click();
  const code = ((await page.locator('.digits').textContent()) ?? '').replace(/\D/g, '');
  assert.match(code, /^\d{8}$/);
  await see('8-donor-code', page);
  return code;
}

async function handOver(language: Language, see: See, recipient: Phone, code: string): Promise<void> {
  const t = words(language);
  const { page } = recipient;
  const input = page.getByLabel(t('offer.handover.code'), { exact: true });
  await input.fill(code.startsWith('0') ? '11111111' : '00000000');
  await button(page, t('offer.handover.go')).click();
  await page.getByText(t('refused.wrong-code')).waitFor();
  await see('9-recipient-handover', page);
  await input.fill(code);
  await button(page, t('offer.handover.go')).click();
  await page.getByText(t('state.offer.collected'), { exact: true }).waitFor();
}

async function settings(language: Language, see: See, recipient: Phone): Promise<void> {
  const t = words(language);
  const { page } = recipient;
  await page.getByRole('link', { name: t('menu.settings') }).click();
  await button(page, t('settings.out.here')).waitFor();
  await see('10-settings', page);
}

async function operate(
  stage: Stage,
  language: Language,
  see: See,
  surplus: SurplusSeen,
  closing: (phone: Phone) => Promise<void>,
): Promise<void> {
  const t = words(language);
  const operator = await stage.phone(language, 'operator', '');
  const { page } = operator;
  await page.locator('article').first().waitFor();
  await see('11-operator-lots', page);
  await page.getByLabel(t('lots.filter')).selectOption('collected');
  await page.locator(`a[href="#/surplus/${surplus.id}"]`).click();
  await page.getByText(t('reason.collected')).first().waitFor();
  await see('12-operator-lot', page);
  await page.getByRole('link', { name: t('menu.partners') }).click();
  await page.getByRole('link', { name: t('menu.invite') }).click();
  await page.locator('.picks button').first().waitFor();
  await see('13-operator-invite', page);
  await page.locator('.picks button').first().click();
  await page.locator('.url').waitFor();
  assert.match((await page.locator('.url').textContent()) ?? '', /\/#\/enter\/.+/);
  await see('14-operator-link', page);
  await page.getByRole('link', { name: t('menu.letters') }).click();
  await page.getByText(t('letters.empty')).waitFor();
  await see('15-operator-letters', page);
  await steer(stage, language, see, page);
  await closing(operator);
}

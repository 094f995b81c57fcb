/** What a recipient looks back at and tells of itself, and how an operator oversees and steers: part of the walk. */
import type { Page } from 'playwright-core';
import { breadOf, signIn, type SurplusSeen } from '../journey/people.ts';
import type { Language } from './browser.ts';
import type { Stage } from './stage.ts';
import { button, words, type See } from './spoken.ts';

export async function lookBack(language: Language, see: See, page: Page): Promise<void> {
  const t = words(language);
  await page.getByRole('link', { name: t('menu.impact'), exact: true }).click();
  await page.getByRole('heading', { name: t('impact.all') }).waitFor();
  await see('10a-recipient-history', page);
  await page.getByRole('link', { name: t('menu.profile'), exact: true }).click();
  await button(page, t('profile.save')).waitFor();
  await see('10b-recipient-profile', page);
}

export async function steer(stage: Stage, language: Language, see: See, page: Page): Promise<void> {
  const t = words(language);
  const donor = await signIn(stage.helsinki, 'donor', await stage.helsinki.aDonor());
  const { body: lot } = await donor.post<SurplusSeen>('/v1/surplus', breadOf());
  await page.getByRole('link', { name: t('menu.lots'), exact: true }).click();
  await page.getByRole('link', { name: t('today.open'), exact: true }).click();
  await page.locator('.plot').first().waitFor();
  await see('15a-operator-today', page);
  await page.getByRole('link', { name: t('app.back'), exact: true }).click();
  await page.getByRole('link', { name: t('map.open'), exact: true }).click();
  await page.locator('.pin').first().waitFor();
  await page.locator('.streets[aria-busy="false"]').waitFor();
  await see('15b-operator-map', page);
  await page.getByRole('link', { name: t('menu.partners'), exact: true }).click();
  await button(page, t('partners.pause')).waitFor();
  await see('15c-operator-partners', page);
  await page.getByLabel(t('partners.donors'), { exact: true }).check({ force: true });
  await page.getByText(t('partners.trouble.how')).waitFor();
  await see('15d-operator-donors', page);
  const operator = await signIn(stage.helsinki, 'operator');
  await operator.post(`/v1/surplus/${lot.id}/withdraw`, {
    reason: language === 'id' ? 'mobil mogok' : 'the van broke down',
  });
  await page.getByRole('link', { name: t('menu.lots'), exact: true }).click();
  await page.getByRole('link', { name: t('audit.title'), exact: true }).click();
  await page
    .getByRole('heading', { name: t('audit.did.surplus.withdraw') })
    .first()
    .waitFor();
  await see('15f-operator-audit', page);
  await page.goto(new URL(`/#/surplus/${lot.id}`, page.url()).href);
  await button(page, t('steer.assign')).click();
  await page.locator('input[name="recipient"]').first().waitFor({ state: 'attached' });
  await button(page, t('steer.assign.go')).click();
  await page
    .getByRole('alert')
    .filter({ hasText: t('steer.assign.who') })
    .waitFor();
  await see('15e-operator-steer', page);
  await donor.remove(`/v1/surplus/${lot.id}`);
}

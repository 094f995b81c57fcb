/** What a donor plans, by the screens alone. */
import type { Page } from 'playwright-core';
import { en, type MessageKey } from '../../web/app/language/en.ts';
import { id } from '../../web/app/language/id.ts';
import type { Language, Phone } from './browser.ts';

export async function plan(
  language: Language,
  see: (name: string, page: Page) => Promise<void>,
  { page }: Phone,
): Promise<void> {
  const t = (key: MessageKey): string => (language === 'en' ? en : id)[key];
  const link = (key: MessageKey) =>
    page
      .locator('main')
      .getByRole('link', { name: t(key), exact: true })
      .first();
  const button = (key: MessageKey) => page.getByRole('button', { name: t(key), exact: true }).first();
  await link('app.back').click();
  await link('windows.title').click();
  await link('windows.add').click();
  await page.getByLabel(t('storage.hot'), { exact: true }).check({ force: true });
  await page.getByLabel(t('post.yes'), { exact: true }).check({ force: true });
  if (isNearly('21:30')) await page.getByLabel(t('window.time'), { exact: true }).fill('23:00');
  await see('4a-donor-window', page);
  await button('window.save').click();
  await button('window.skip').click();
  await button('window.unskip').waitFor();
  await see('4b-donor-windows', page);
  await button('window.unskip').click();
  await button('window.skip').waitFor();
  await link('app.back').click();
  await button('window.skip').waitFor();
  await see('4c-donor-home-windows', page);
  await link('windows.title').click();
  await link('window.change').click();
  await button('window.remove').click();
  await button('window.remove.go').click();
  await page.getByText(t('windows.empty')).waitFor();
  await link('app.back').click();
  await link('report.title').click();
  await button('report.csv').waitFor();
  await see('9a-donor-report', page);
}

/** Within a quarter of an hour of that time there it might post under the walk. */
function isNearly(time: string): boolean {
  const format = { timeZone: 'Europe/Helsinki', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
  const minuteOf = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
  return Math.abs(minuteOf(new Intl.DateTimeFormat('en-GB', format).format(Date.now())) - minuteOf(time)) < 15;
}

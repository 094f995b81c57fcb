/** What a test says to a screen: words of its language, and buttons by their names. */
import type { Page } from 'playwright-core';
import { en, type MessageKey } from '../../web/app/language/en.ts';
import { id } from '../../web/app/language/id.ts';
import type { Language } from './browser.ts';

export type See = (name: string, page: Page) => Promise<void>;

/** The words of a screen, where they hold no values. */
export function words(language: Language): (key: MessageKey) => string {
  return (key) => (language === 'en' ? en : id)[key];
}

export function button(page: Page, name: string) {
  return page.getByRole('button', { name, exact: true }).first();
}

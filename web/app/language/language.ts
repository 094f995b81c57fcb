/** The language of the screens, and words in it. */
import { signal } from '@preact/signals';
import { IntlMessageFormat } from 'intl-messageformat';
import { remember } from '../../engine/database.ts';
import { en, type MessageKey } from './en.ts';
import { id } from './id.ts';

export type Language = 'id' | 'en';
export const LANGUAGES: Readonly<Record<Language, string>> = { id: 'Bahasa Indonesia', en: 'English' };
/** English with the days before the months, as here. */
export const LOCALES: Readonly<Record<Language, string>> = { id: 'id-ID', en: 'en-GB' };
const MESSAGES = { id, en };
const KEPT = 'language';

export const language = signal<Language>(firstLanguage());

function firstLanguage(): Language {
  const kept = localStorage.getItem(KEPT);
  if (kept === 'id' || kept === 'en') return kept;
  return navigator.language.startsWith('id') ? 'id' : 'en';
}

export function speak(next: Language): void {
  language.value = next;
  localStorage.setItem(KEPT, next);
  announceLanguage();
}

/** To the browser and, for its notifications, to the service worker. */
export function announceLanguage(): void {
  document.documentElement.lang = language.value;
  void remember(KEPT, language.value);
}

const formats = new Map<string, IntlMessageFormat>();

export function t(key: MessageKey, values: Record<string, string | number> = {}): string {
  const spoken = language.value;
  const name = `${spoken} ${key}`;
  const format = formats.get(name) ?? new IntlMessageFormat(MESSAGES[spoken][key], spoken);
  formats.set(name, format);
  return format.format(values) as string;
}

/** The message of a word that came from the server. */
export function word(
  prefix: string,
  name: string,
  otherwise: MessageKey,
  values: Record<string, string | number> = {},
): string {
  const key = `${prefix}.${name}`;
  return key in en ? t(key as MessageKey, values) : t(otherwise, values);
}

/** The whole stack, the screens before it, and phones. */
import type { Browser } from 'playwright-core';
import type { Role } from '../../dev/issuer/tokens.ts';
import { undoing } from '../../dev/testing/undoing.ts';
import { startHelsinki, type Helsinki } from '../journey/helsinki.ts';
import { openBrowser, openPhone, type Language, type Phone } from './browser.ts';
import { startFront, type Front } from './front.ts';

export interface Stage {
  readonly helsinki: Helsinki;
  readonly front: Front;
  readonly browser: Browser;
  /** Somebody's phone, signed in and at home. @param org empty: an operator */
  phone(language: Language, role: Role, org: string, at?: string): Promise<Phone>;
  /** A phone on which nobody is signed in. */
  freshPhone(language: Language, at?: string): Promise<Phone>;
  stop(): Promise<void>;
}

export async function openStage(): Promise<Stage> {
  const undo = undoing();
  try {
    const helsinki = undo.after(await startHelsinki(), (started) => started.stop());
    const { apiUrl, issuerUrl } = helsinki;
    const front = undo.after(await startFront({ apiUrl, issuerUrl, timeZone: 'Asia/Jakarta' }), (started) =>
      started.stop(),
    );
    const browser = undo.after(await openBrowser(), (started) => started.close());
    return {
      helsinki,
      front,
      browser,
      phone: async (language, role, org, at = '/') => {
        const phone = await openPhone(browser, { language, url: `${front.url}/icon.svg` });
        await phone.context.addCookies([{ name: 'who', value: `${role}:${org}`, url: front.url }]);
        await phone.page.goto(`${front.url}${at}`);
        await phone.page.locator('nav').waitFor();
        return phone;
      },
      freshPhone: (language, at = '/') => openPhone(browser, { language, url: `${front.url}${at}` }),
      stop: () => undo.all(),
    };
  } catch (error) {
    await undo.all();
    throw error;
  }
}

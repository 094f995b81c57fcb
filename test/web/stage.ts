/** The whole stack, whose api serves the screens, and phones on which people sign in by links as operators make them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import type { Role } from '../../dev/issuer/tokens.ts';
import { undoing } from '../../dev/testing/undoing.ts';
import { startHelsinki, type Helsinki } from '../journey/helsinki.ts';
import { signIn } from '../journey/people.ts';
import { openBrowser, openPhone, type Language, type Phone } from './browser.ts';

const BUILT = join(import.meta.dirname, '../../web/dist/index.html');

export interface Stage {
  readonly helsinki: Helsinki;
  /** where people open it */
  readonly url: string;
  /** A one-time link, made by an operator. @param org empty: for an operator */
  link(role: Role, org: string): Promise<string>;
  /** A phone on which somebody has just signed in. @param org empty: an operator */
  phone(language: Language, role: Role, org: string): Promise<Phone>;
  /** A phone on which nobody is signed in. */
  freshPhone(language: Language, at?: string): Promise<Phone>;
  stop(): Promise<void>;
}

/** @param env what the stack's processes are told besides */
export async function openStage(env: Record<string, string> = {}): Promise<Stage> {
  if (!existsSync(BUILT)) throw new Error('The screens are not built: run make setup.');
  const undo = undoing();
  try {
    const helsinki = undo.after(await startHelsinki({ RATE_LIMIT_ADDRESS: '10000', ...env }), (started) =>
      started.stop(),
    );
    const url = helsinki.stack.env['PUBLIC_URL'] ?? '';
    const browser = undo.after(await openBrowser(), (started) => started.close());
    const link = async (role: Role, org: string): Promise<string> => {
      const operator = await signIn(helsinki, 'operator');
      const asked = { role, ...(org === '' ? {} : { organisationId: org }) };
      const made = await operator.post<{ url: string }>('/v1/auth/links', asked);
      if (made.status !== 201) throw new Error(`no link: ${JSON.stringify(made.body)}`);
      return made.body.url;
    };
    return {
      helsinki,
      url,
      link,
      phone: async (language, role, org) => enterBy(browser, language, await link(role, org)),
      freshPhone: (language, at = '/') => openPhone(browser, { language, url: `${url}${at}` }),
      stop: () => undo.all(),
    };
  } catch (error) {
    await undo.all();
    throw error;
  }
}

/** A phone of this browser on which somebody has just signed in by a link. */
export async function enterBy(browser: Browser, language: Language, url: string): Promise<Phone> {
  const phone = await openPhone(browser, { language, url });
  await phone.page.locator('button.primary').click();
  await phone.page.locator('nav').waitFor();
  return phone;
}

/** The second channel, as configured. */
import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import { parsePhone } from '#core/words/phone.ts';
import { parseOfferId } from '#core/words/ids.ts';
import { phoneContext } from '#adapters/crypto/contactContext.ts';
import type { Sealer } from '#adapters/crypto/sealed.ts';
import { createSealer } from '#adapters/crypto/sealed.ts';
import { shortOf } from '#adapters/ids/shortLink.ts';
import type { Pool } from '#adapters/postgres/pool.ts';
import { markTexted, type PhoneRow } from '#adapters/postgres/sql/phoneNumbers.ts';
import { createConsoleTexter } from '#adapters/texting/consoleTexter.ts';
import { createSmsGate } from '#adapters/texting/smsGate.ts';
import type { Texter, TextOutcome } from '#adapters/texting/texter.ts';
import type { Config } from '../config.ts';
import type { Notice } from './notices.ts';
import { TEXTED, textOf, type Texted } from './texts.ts';

export interface Texting {
  readonly texter: Texter;
  readonly sealer: Pick<Sealer, 'open'>;
  /** where people open the screens */
  readonly publicUrl: string;
}

/** `none`: this recipient has no number, or this is nothing to be texted about. */
export type TextedOutcome = TextOutcome | { readonly outcome: 'none' };

/** null: this deployment has no second channel */
export function createTexting(env: Config, log: Pick<Logger, 'info' | 'warn'>): Texting | null {
  const { SMS_GATEWAY_URL: url, SMS_GATEWAY_USER: user, SMS_GATEWAY_PASSWORD: password, PUBLIC_URL: publicUrl } = env;
  if (url === '') return null;
  if (env.CONTACT_KEYS === '' || publicUrl === '') {
    log.warn('no text messages: CONTACT_KEYS or PUBLIC_URL is not set');
    return null;
  }
  const texter = url === 'console:' ? createConsoleTexter(log) : createSmsGate({ url, user, password });
  return { texter, sealer: createSealer(env.CONTACT_KEYS, env.CONTACT_KEY_ID), publicUrl };
}

/** Texts a recipient what its devices did not take. */
export function createText(
  pool: Pool,
  phoneOf: (recipientId: string) => Promise<PhoneRow | null>,
  { texter, sealer, publicUrl }: Texting,
): (notice: Notice) => Promise<TextedOutcome> {
  return async ({ role, organisationId, message, deadlineMs }) => {
    const type = TEXTED.find((each) => each === message.payload['type']);
    const offer = parseOfferId(String(message.payload['offerId'] ?? ''));
    if (role !== 'recipient' || type === undefined || offer === null) return { outcome: 'none' };
    const phone = await phoneOf(organisationId);
    if (phone === null) return { outcome: 'none' };
    const sealed = numberIn(sealer, phone, organisationId);
    if (sealed === null)
      return { outcome: 'retry', because: 'its number was sealed under a key that is not here', afterMs: null };
    const to = parsePhone(sealed);
    if (to === null) return { outcome: 'none' };
    const link = `${publicUrl.replace(/\/$/, '')}/o/${shortOf(offer.id)}`;
    const text = textOf(type, { ...phone, deadlineMs, link });
    // A claim whose end an operator puts off is reminded of once more.
    const about = type === 'reminder' ? String(message.payload['eventId']) : offer.id;
    const outcome = await texter.send({ to, text, key: keyOf(type, about), ttlSeconds: message.ttlSeconds });
    if (outcome.outcome !== 'retry') await markTexted(pool, organisationId, outcome.outcome);
    return outcome;
  };
}

/** null: it can't be opened; a worker that was started later may have the key */
function numberIn(sealer: Texting['sealer'], { sealed }: PhoneRow, recipientId: string): string | null {
  try {
    return String(sealer.open(sealed, phoneContext(recipientId)));
  } catch {
    return null;
  }
}

/** However often an event comes: one message of a kind for an offer, one for each reminder. */
function keyOf(type: Texted, about: string): string {
  return createHash('sha256').update(`${type}|${about}`).digest('hex').slice(0, 36);
}

/** What a push says. Its payload holds ids only; names and places stay behind the sign-in. */
import { recall } from '../engine/database.ts';
import { en } from '../app/language/en.ts';
import { id } from '../app/language/id.ts';

interface Payload {
  readonly type?: unknown;
  readonly surplusId?: unknown;
  readonly offerId?: unknown;
}
const TOLD = ['offer', 'reminder', 'withdrawn', 'claimed', 'collected', 'expired'] as const;

/** TypeScript's library has lost `renotify`; browsers have it. */
type Options = NotificationOptions & { readonly renotify: boolean };

export async function notificationOf(text: string): Promise<{ title: string; options: Options }> {
  const payload = payloadOf(text);
  const words = (await recall('language')) === 'en' ? en : id;
  const type = TOLD.find((each) => each === payload.type) ?? 'other';
  const { surplusId } = payload;
  const options = {
    body: words[`push.${type}.body`],
    tag: typeof surplusId === 'string' && surplusId !== '' ? surplusId : type,
    // What takes the place of another of the same food is news: it rings, too.
    renotify: true,
    icon: '/icon-192.png',
    requireInteraction: type === 'offer',
    data: payload,
  };
  return { title: words[`push.${type}.title`], options };
}

function payloadOf(text: string): Payload {
  try {
    const read: unknown = JSON.parse(text);
    return typeof read === 'object' && read !== null ? read : {};
  } catch {
    return {};
  }
}

const FOR_RECIPIENTS: readonly unknown[] = ['offer', 'reminder', 'withdrawn'];

/** @param data a payload as shown by a notification */
export function openPath(data: unknown): string {
  const { type, offerId, surplusId } = (data ?? {}) as Payload;
  if (FOR_RECIPIENTS.includes(type) && typeof offerId === 'string') return `/#/offer/${encodeURIComponent(offerId)}`;
  if (typeof surplusId === 'string') return `/#/surplus/${encodeURIComponent(surplusId)}`;
  return '/';
}

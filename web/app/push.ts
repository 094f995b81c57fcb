/** Being told on this phone, though the page is closed. */
import { authorized } from '../engine/api.ts';
import { recall, remember } from '../engine/database.ts';
import { forgotten, heard } from '../engine/heartbeat.ts';
import { request } from '../engine/http.ts';

export type PushState = 'unsupported' | 'off' | 'on' | 'denied';

export async function pushState(): Promise<PushState> {
  if (!('serviceWorker' in navigator) || !('PushManager' in globalThis)) return 'unsupported';
  if (Notification.permission === 'denied') return 'denied';
  const registration = await navigator.serviceWorker.getRegistration();
  return (await registration?.pushManager.getSubscription()) == null ? 'off' : 'on';
}

/** Asks the person, then the browser's push service, then tells the server. @throws Error that says what failed */
export async function turnPushOn(): Promise<PushState> {
  if ((await Notification.requestPermission()) !== 'granted') return await pushState();
  const { body, ok, detail } = await request('GET', '/v1/push-subscriptions/key');
  if (!ok) throw new Error(detail);
  return await subscribe(body as { publicKey: string });
}

async function subscribe({ publicKey }: { readonly publicKey: string }): Promise<PushState> {
  const registration = await navigator.serviceWorker.ready;
  const subscription = await registration.pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: publicKey,
  });
  const told = subscription.toJSON();
  const answer = await authorized('POST', '/v1/push-subscriptions', { body: told, key: crypto.randomUUID() });
  if (!answer.ok) {
    // Known to the browser alone it would never ring, and look as if it were on.
    await subscription.unsubscribe();
    throw new Error(answer.detail);
  }
  return 'on';
}

/** Once for this phone, with who it was: the subscription is of whoever was heard last. */
const HEARD = 'push-heard';
interface Heard {
  readonly owner: string;
  /** unix ms */
  readonly atMs: number;
}
/** A subscription was given up for a new one, which was not made yet. */
const WANTED = 'push-wanted';
const DAY_MS = 24 * 3_600_000;

/**
 * Once a day, and whenever another signs in, this phone says that it is there. One that the push service gave up, or that was
 * another's, subscribes anew.
 * @param owner who is signed in
 */
export async function keepPushAlive(owner: string): Promise<void> {
  // One at a time, over all tabs: each subscription ends the one before.
  await navigator.locks.request('push', async () => await keepAlive(owner));
}

async function keepAlive(owner: string): Promise<void> {
  const isWanted = (await recall<boolean>(WANTED)) === true;
  const state = await pushState();
  if (isWanted ? state !== 'on' && state !== 'off' : state !== 'on') return;
  const last = await recall<Heard>(HEARD);
  if (!isWanted && last?.owner === owner && Date.now() - last.atMs < DAY_MS) return;
  const subscription = await (await navigator.serviceWorker.ready).pushManager.getSubscription();
  const { body, ok } = await request('GET', '/v1/push-subscriptions/key');
  if (!ok) return;
  const key = body as { publicKey: string };
  // What is signed by another key than the one it was made for is not taken by the push service.
  if (subscription === null || !isFor(key, subscription) || !(await heard(subscription.endpoint, false, { owner }))) {
    // Without it a phone whose new one fails would never ask for one again.
    await remember(WANTED, true);
    await subscription?.unsubscribe();
    await subscribe(key);
    await remember(WANTED, false);
  }
  await remember(HEARD, { owner, atMs: Date.now() });
}

/** Before signing out: who uses this phone next is not told of what is another's. Best effort: the next one takes it over. */
export async function leavePush(): Promise<void> {
  if ((await pushState()) !== 'on') return;
  const subscription = await (await navigator.serviceWorker.ready).pushManager.getSubscription();
  if (subscription === null) return;
  // Whoever can't be signed out after all subscribes anew.
  await remember(HEARD, null);
  await forgotten(subscription.endpoint);
}

/** A browser that does not say for whose key it was made is believed. */
function isFor({ publicKey }: { readonly publicKey: string }, { options }: PushSubscription): boolean {
  const made = options.applicationServerKey;
  return made === null || base64url(new Uint8Array(made)) === publicKey.replace(/=+$/, '');
}

function base64url(bytes: Uint8Array): string {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

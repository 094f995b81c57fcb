/** The service worker: the app without a network, pushes, and the outbox when no page is open. */
/// <reference lib="webworker" />
import { cleanupOutdatedCaches, precacheAndRoute } from 'workbox-precaching';
import { heard } from '../engine/heartbeat.ts';
import { drain, drainPhotos, hurry } from '../engine/outbox.ts';
import { notificationOf, openPath } from './notification.ts';

declare const self: ServiceWorkerGlobalScope & { __WB_MANIFEST: { url: string; revision: string | null }[] };

/** Background Sync is Chromium's alone, and not in TypeScript's library. */
interface SyncEvent extends ExtendableEvent {
  readonly tag: string;
}

cleanupOutdatedCaches();
precacheAndRoute(self.__WB_MANIFEST, { cleanURLs: false });

self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

// A new version takes over when the page says so: never under somebody's form.
self.addEventListener('message', (event) => {
  if (event.data === 'take-over') void self.skipWaiting();
});

self.addEventListener('sync' as 'message', (event) => {
  (event as unknown as SyncEvent).waitUntil(drainOrFail());
});

/** The browser says that there is a network. A sync that fails it tries again. */
async function drainOrFail(): Promise<void> {
  if (await drainAtOnce()) throw new Error('some taps still wait');
}

self.addEventListener('push', (event) => {
  event.waitUntil(Promise.all([show(event.data?.text() ?? '').then(sayShown), drainAtOnce(), tellPages()]));
});

async function drainAtOnce(): Promise<boolean> {
  await hurry();
  const waits = await drain();
  return (await drainPhotos()) || waits;
}

async function show(text: string): Promise<void> {
  const { title, options } = await notificationOf(text);
  await self.registration.showNotification(title, options);
}

/** So that an operator sees whom notifications still reach. Best effort: the notification is there. */
async function sayShown(): Promise<void> {
  const subscription = await self.registration.pushManager.getSubscription();
  if (subscription !== null) await heard(subscription.endpoint, true).catch(() => false);
}

async function tellPages(): Promise<void> {
  for (const page of await self.clients.matchAll({ type: 'window' })) page.postMessage('news');
}

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(open(openPath(event.notification.data)));
});

async function open(path: string): Promise<void> {
  const [page] = await self.clients.matchAll({ type: 'window' });
  if (page === undefined) {
    await self.clients.openWindow(path);
    return;
  }
  page.postMessage({ open: path });
  await page.focus();
}

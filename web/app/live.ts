/** Keeps what is shown up to date, and the outbox empty. */
import { effect } from '@preact/signals';
import { drain, drainPhotos, enqueue, hurry, listTaps, onOutboxChange } from '../engine/outbox.ts';
import { lastMember, onSessionChange, onSessionEnd, session } from '../engine/session.ts';
import { isPhoto, type NewTap } from '../engine/tap.ts';
import { offers, surpluses } from './lists.ts';
import { member, online, taps, unkept } from './state.ts';
import { keepPushAlive } from './push.ts';
import { openStream, type Stream } from './stream.ts';
import { windows } from './windows.ts';

/** Without the stream, or without an answer, it is asked this often. */
const POLL_MS = 15_000;
const DRAIN_MS = 2_000;
/** Many events in a row are one reason to look; to an operator a whole city's come. */
const LOOK_AT_MOST_EVERY_MS = 1_000;
const OVERSEE_AT_MOST_EVERY_MS = 3_000;

/** Screens that show something else add their own. */
const lookers = new Set<() => void>();
export function onNews(look: () => void): () => void {
  lookers.add(look);
  return () => void lookers.delete(look);
}

let lookedAtMs = Number.NEGATIVE_INFINITY;
let looking: ReturnType<typeof setTimeout> | undefined;

/** Something may have changed: look soon, but not too often. */
export function look(): void {
  if (looking !== undefined) return;
  const restMs = member.value?.role === 'operator' ? OVERSEE_AT_MOST_EVERY_MS : LOOK_AT_MOST_EVERY_MS;
  looking = setTimeout(lookAtOnce, Math.max(0, lookedAtMs + restMs - performance.now()));
}

/** Whoever has just been answered waits for nothing. */
function lookAtOnce(): void {
  clearTimeout(looking);
  looking = undefined;
  lookedAtMs = performance.now();
  if (member.value?.role === 'recipient') void offers.refresh();
  if (member.value?.role === 'donor') void Promise.all([surpluses.refresh(), windows.refresh()]);
  for (const looker of lookers) looker();
}

/** Who is signed in: asked of the server; without an answer, who was here last. */
export async function knowMember(): Promise<void> {
  if (member.value === undefined) member.value = (await lastMember()) ?? undefined;
  try {
    const held = await session();
    if (
      held?.member.owner !== member.peek()?.owner ||
      held?.member.timeZone !== member.peek()?.timeZone ||
      held?.member.photos !== member.peek()?.photos ||
      held?.member.map !== member.peek()?.map
    ) {
      member.value = held?.member ?? null;
    }
    if (held === null) member.value = null;
  } catch {
    member.value ??= null;
  }
}

/**
 * Written down first, then sent; @see tap.ts for what becomes of it
 * @returns done: it is kept, or done. Else the person has been told; what was not answered may be tapped again, and is the same then
 */
export async function tap(given: Omit<NewTap, 'owner'>): Promise<'done' | 'refused' | 'unanswered'> {
  const owner = member.value?.owner;
  if (owner === undefined) return 'unanswered';
  const became = await enqueue({ ...given, owner });
  const isLost = became !== 'kept' && became.outcome !== 'sent';
  if (isLost) unkept.value = { kind: given.kind, refusal: became.outcome === 'refused' ? became.refusal : null };
  else if (unkept.value?.kind === given.kind) unkept.value = null;
  if (became !== 'kept') {
    look();
    if (!isLost) return 'done';
    return became.outcome === 'refused' ? 'refused' : 'unanswered';
  }
  void syncWhenAwake();
  void drainNow();
  return 'done';
}

async function drainNow(): Promise<void> {
  const hadQueued = taps.value.some((each) => each.state === 'queued' && !isPhoto(each));
  try {
    await drain();
  } finally {
    if (hadQueued) look();
    void drainPhotos().catch(() => undefined);
  }
}

/** What is under way is due all the while: a photo alone is no reason to look again and again. */
function drainDue(): void {
  const due = taps.value.filter((each) => each.state === 'queued' && each.nextTryAtMs <= Date.now());
  if (due.some((each) => !isPhoto(each))) void drainNow();
  else if (due.length > 0) void drainPhotos();
}

/** Where there is Background Sync the service worker goes on when this page is gone. */
async function syncWhenAwake(): Promise<void> {
  const registration = (await navigator.serviceWorker.getRegistration()) as
    { sync?: { register(tag: string): Promise<void> } } | undefined;
  await registration?.sync?.register('outbox').catch(() => undefined);
}

async function showTaps(): Promise<void> {
  const owner = member.value?.owner;
  const before = taps.value;
  taps.value = owner === undefined ? [] : await listTaps(owner);
  const wasQueued = new Set(before.filter((each) => each.state === 'queued').map((each) => each.id));
  if (taps.value.some((each) => each.state !== 'queued' && wasQueued.has(each.id))) lookAtOnce();
}

async function awake(): Promise<void> {
  await hurry();
  await knowMember();
  look();
  await drainNow();
}

export function startLive(): void {
  let stream: Stream | null = null;
  let connected = false;
  let owner: string | undefined;
  const isConnected = (state: boolean): void => {
    connected = state;
    // Whoever streams answers: what waits need not wait on.
    if (state) void hurry().then(drainNow);
  };
  onOutboxChange(() => void showTaps());
  onSessionChange(() => void knowMember());
  onSessionEnd(() => (member.value = null));
  effect(() => {
    if (member.value?.owner === owner) return;
    owner = member.value?.owner;
    stream?.stop();
    stream = owner === undefined ? null : openStream(look, isConnected);
    void showTaps().then(drainNow);
    look();
    if (owner !== undefined && member.value?.role !== 'operator') void keepPushAlive(owner).catch(() => undefined);
  });
  addEventListener('online', () => {
    online.value = true;
    void awake();
  });
  addEventListener('offline', () => (online.value = false));
  addEventListener('focus', () => void awake());
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') void awake();
  });
  setInterval(drainDue, DRAIN_MS);
  setInterval(() => {
    const isUnanswered = offers.failed.value || surpluses.failed.value;
    if ((!connected || isUnanswered) && member.value != null) look();
  }, POLL_MS);
  void knowMember();
}

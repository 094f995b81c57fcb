/** The queue of taps. Whoever is awake drains it: a page, or the service worker; never two at once. */
import { authorized, type Answer } from './api.ts';
import { database, type Database } from './database.ts';
import { serverAheadMs } from './serverClock.ts';
import {
  after,
  disowned,
  due,
  isPhoto,
  isStale,
  newTap,
  onServerClock,
  outcomeOf,
  type NewTap,
  type Outcome,
  type Tap,
} from './tap.ts';
import { session } from './session.ts';

const NEWS = new BroadcastChannel('outbox');
const listeners = new Set<() => void>();
NEWS.onmessage = () => {
  for (const listener of listeners) listener();
};

/** Something in the queue has changed, here or in another tab. */
export function onOutboxChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

function tell(): void {
  NEWS.postMessage(null);
  for (const listener of listeners) listener();
}

/** By owner and subject: what was sent from memory last and not answered. It may have had its effect. */
const unanswered = new Map<string, { readonly said: string; readonly tap: Tap }>();

/**
 * A kept tap survives whatever happens to the page. One that this phone can't keep, not even the second time, is sent from memory,
 * once. Without an answer the person does it again: the same is sent then, under the same key.
 * @returns what became of it
 */
export async function enqueue(given: NewTap): Promise<'kept' | Outcome> {
  const [subject, said] = [`${given.owner} ${given.subject}`, JSON.stringify(given)];
  const before = unanswered.get(subject);
  unanswered.delete(subject);
  const tap = before?.said === said ? before.tap : newTap(given, crypto.randomUUID(), Date.now());
  try {
    await write(tap).catch(() => write(tap));
  } catch {
    // Whoever has a session has heard what time it is.
    await session().catch(() => null);
    const sent = onServerClock(tap, serverAheadMs(), Date.now());
    const outcome = await send(sent);
    if (outcome.outcome === 'later' || outcome.outcome === 'signed-out') unanswered.set(subject, { said, tap: sent });
    return outcome;
  }
  tell();
  return 'kept';
}

/** @throws when the phone is full, or its database does not open */
async function write(tap: Tap): Promise<void> {
  const writing = (await database()).transaction('taps', 'readwrite', { durability: 'strict' });
  await Promise.all([writing.store.put(tap), writing.done]);
}

export async function listTaps(owner: string): Promise<Tap[]> {
  const taps = await (await database()).getAll('taps');
  return taps.filter((tap) => tap.owner === owner).toSorted((a, b) => b.atMs - a.atMs);
}

/** A refusal has been read. */
export async function dismiss(id: string): Promise<void> {
  const db = await database();
  const tap = await db.get('taps', id);
  if (tap?.state === 'refused') await db.delete('taps', id);
  tell();
}

/** The network is back, or a person looks: waits between tries are over. */
export async function hurry(): Promise<void> {
  const db = await database();
  const waiting = db.transaction('taps', 'readwrite');
  for (const tap of await waiting.store.getAll()) {
    if (tap.state === 'queued' && tap.nextTryAtMs > Date.now()) await waiting.store.put({ ...tap, nextTryAtMs: 0 });
  }
  await waiting.done;
}

/** Sends what is due but for photos, in its order. @returns whether something still waits */
export async function drain(): Promise<boolean> {
  return await navigator.locks.request('outbox', async () => await sendDue((tap) => !isPhoto(tap)));
}

/** To be called after `drain`. A photo may take minutes: what is tapped meanwhile goes beside it. @returns whether one still waits */
export async function drainPhotos(): Promise<boolean> {
  return await navigator.locks.request('photos', { ifAvailable: true }, async (lock) => {
    return lock === null || (await sendDue(isPhoto));
  });
}

async function sendDue(isOurs: (tap: Tap) => boolean): Promise<boolean> {
  const db = await database();
  const all = await db.getAll('taps');
  await Promise.all(all.filter((tap) => isStale(tap, Date.now())).map((tap) => db.delete('taps', tap.id)));
  if (!all.some((tap) => tap.state === 'queued' && isOurs(tap))) return false;
  const held = await session().catch(() => null);
  if (held === null) return true;
  const { owner } = held.member;
  const strays = all.flatMap((tap) => disowned(tap, owner, Date.now()) ?? []);
  for (const stray of strays) await db.put('taps', stray);
  if (strays.length > 0) tell();
  for (;;) {
    const first = due(await db.getAll('taps'), owner, Date.now()).find(isOurs);
    if (first === undefined) break;
    const tap = onServerClock(first, serverAheadMs(), Date.now());
    // A full phone works it out again: to the minute it is the same.
    if (tap !== first) await db.put('taps', tap).catch(() => undefined);
    const outcome = await send(tap);
    if (outcome.outcome === 'signed-out') break;
    await settle(db, after(tap, outcome, Date.now()));
    tell();
  }
  return (await db.getAll('taps')).some((tap) => tap.owner === owner && tap.state === 'queued' && isOurs(tap));
}

/** To forget there is room on a full phone too: what was sent need not be told, and holds up nothing behind it. */
async function settle(db: Database, tap: Tap): Promise<void> {
  try {
    await db.put('taps', tap);
  } catch (error) {
    if (tap.state !== 'sent') throw error;
    await db.delete('taps', tap.id);
  }
}

async function send(tap: Tap): Promise<Outcome> {
  let answer: Answer;
  try {
    answer = await authorized(tap.method, tap.path, { body: tap.body, key: tap.id, owner: tap.owner });
  } catch {
    return { outcome: 'later', retryAfterMs: null };
  }
  return outcomeOf(answer.status, answer.code, answer.detail, answer.retryAfterMs);
}

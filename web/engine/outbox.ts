/** The queue of taps. Whoever is awake drains it: a page, or the service worker; never two at once. */
import { authorized, type Answer } from './api.ts';
import { database, type Database } from './database.ts';
import { createQueue } from './queue.ts';
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

const queue = createQueue(
  {
    all: async () => await (await database()).getAll('taps'),
    put: async (tap) => await (await database()).put('taps', tap),
    remove: async (id) => await (await database()).delete('taps', id),
  },
  () => listeners.size > 0,
);

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
  return (await queue.all()).filter((tap) => tap.owner === owner).toSorted((a, b) => b.atMs - a.atMs);
}

/** A refusal has been read. */
export async function dismiss(id: string): Promise<void> {
  const tap = (await queue.all()).find((each) => each.id === id);
  if (tap?.state === 'refused') await queue.forget(id);
  tell();
}

/** The network is back, or a person looks: waits between tries are over. Best effort: they end by themselves, too. */
export async function hurry(): Promise<void> {
  queue.hurry();
  try {
    await hurryKept(await database());
  } catch {
    // A full phone can't note it; what is due goes all the same.
  }
}

async function hurryKept(db: Database): Promise<void> {
  const waiting = db.transaction('taps', 'readwrite');
  const putAll = async (): Promise<void> => {
    for (const tap of await waiting.store.getAll()) {
      if (tap.state === 'queued' && tap.nextTryAtMs > Date.now()) await waiting.store.put({ ...tap, nextTryAtMs: 0 });
    }
  };
  await Promise.all([putAll(), waiting.done]);
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
  const all = await queue.all();
  await Promise.all(all.filter((tap) => isStale(tap, Date.now())).map((tap) => queue.forget(tap.id)));
  if (!all.some((tap) => tap.state === 'queued' && isOurs(tap))) return false;
  const held = await session().catch(() => null);
  if (held === null) return true;
  const { owner } = held.member;
  const strays = all.flatMap((tap) => disowned(tap, owner, Date.now()) ?? []);
  for (const stray of strays) await queue.note(stray);
  if (strays.length > 0) tell();
  for (;;) {
    const first = due(await queue.all(), owner, Date.now()).find(isOurs);
    if (first === undefined) break;
    const tap = onServerClock(first, serverAheadMs(), Date.now());
    if (tap !== first) await queue.note(tap);
    const outcome = await send(tap);
    if (outcome.outcome === 'signed-out') break;
    await queue.note(after(tap, outcome, Date.now()));
    tell();
  }
  return (await queue.all()).some((tap) => tap.owner === owner && tap.state === 'queued' && isOurs(tap));
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

/** What this phone keeps: the queue of taps, and what was last seen. Page and service worker open the same database. */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { Tap } from './tap.ts';

interface Schema extends DBSchema {
  taps: { key: string; value: Tap };
  /** `<owner> <what>` → as the server told it last; what is of the phone, as `language`, has no owner */
  seen: { key: string; value: unknown };
}
export type Database = IDBPDatabase<Schema>;

let opened: Promise<Database> | undefined;

export function database(): Promise<Database> {
  opened ??= open();
  return opened;
}

function open(): Promise<Database> {
  const opening = openDB<Schema>('pahlawan', 1, {
    upgrade(db) {
      db.createObjectStore('taps', { keyPath: 'id' });
      db.createObjectStore('seen');
    },
    // a newer version of the app waits for us: give way, and open anew at the next use
    blocking(_, __, event) {
      (event.target as IDBDatabase).close();
      opened = undefined;
    },
    terminated() {
      opened = undefined;
    },
  });
  // A phone that could not this time may the next.
  opening.catch(() => {
    if (opened === opening) opened = undefined;
  });
  return opening;
}

/** Best effort, as `remember`: without what was seen before the server is asked. */
export async function recall<Value>(key: string): Promise<Value | null> {
  try {
    return ((await (await database()).get('seen', key)) as Value | undefined) ?? null;
  } catch {
    return null;
  }
}

export async function remember(key: string, value: unknown): Promise<void> {
  try {
    await (await database()).put('seen', value, key);
  } catch {
    // A full phone shows what it is told, and has nothing to show without a network.
  }
}

/** At sign-out: what an organisation saw is not for the next who takes this phone. Taps stay: they are owed. */
export async function forgetSeen(owner: string): Promise<void> {
  const db = await database();
  const keys = await db.getAllKeys('seen');
  await Promise.all(keys.filter((key) => key.startsWith(`${owner} `)).map((key) => db.delete('seen', key)));
  await db.delete('seen', 'member');
}

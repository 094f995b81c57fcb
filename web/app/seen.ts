/** What whoever is signed in here has seen last, in this phone's store. */
import { recall, remember } from '../engine/database.ts';
import { createSeenBy, type Seen } from './seenBy.ts';
import { member } from './state.ts';

/** @param what its name in the store. @param load asks the server; throws when there is no answer */
export function createSeen<Value>(what: string, load: () => Promise<Value>): Seen<Value> {
  return createSeenBy({ owner: () => member.value?.owner, recall, remember }, what, load);
}

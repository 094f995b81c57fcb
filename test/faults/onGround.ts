/** What a measuring program stands on: a whole stack with a city in it, whose folder stays as evidence when it ends badly. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../dev/stack/ending.ts';
import type { Client } from './client.ts';
import { breakGround, type Ground } from './ground.ts';
import type { Donor } from './load.ts';
import { openHistory } from './operations.ts';
import { clientOf, listDonors, seedCity, untilMatching } from './stage.ts';

export interface OnGround {
  readonly ground: Ground;
  readonly client: Client;
  readonly donors: readonly Donor[];
}

/** @returns what `measure` says: whether all was as it shall be, and else where the evidence is */
export async function onGround(
  name: string,
  city: string,
  measure: (on: OnGround) => Promise<boolean>,
): Promise<{ readonly isGood: boolean; readonly dir: string }> {
  const { dir, remove } = temporaryFolder(name);
  mkdirSync(join(dir, 'stack'));
  const log = openHistory(join(dir, 'history.jsonl'));
  const ground = await breakGround(join(dir, 'stack'), {});
  let isGood: boolean;
  try {
    await seedCity(ground.stack, city);
    const client = clientOf(ground.stack, log);
    const donors = await listDonors(client);
    await untilMatching(name, client, donors);
    isGood = await measure({ ground, client, donors });
  } finally {
    await ground.stop();
    await log.close();
  }
  if (isGood) remove();
  return { isGood, dir };
}

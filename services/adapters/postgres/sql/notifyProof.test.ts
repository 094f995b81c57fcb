import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { freshDatabase, type FreshDatabase } from '../../../../dev/testing/freshDatabase.ts';
import { regionsGoTogether } from '../../../../dev/testing/pools.ts';
import { newUuid } from '../../ids/uuid.ts';
import { createPool, type Pool } from '../pool.ts';
import { markOffersNotified, readAppliedVersions, readOfferProofs, recordAppliedVersions } from './notifyProof.ts';

const [HERE, THERE] = ['5064317193404317696', '3344470571319943168'] as const;
const AN_HOUR_MS = 3_600_000;
let database: FreshDatabase;
let pool: Pool;
let owner: Pool;
let isCitus: boolean;
before(async () => {
  database = await freshDatabase();
  [pool, owner] = [createPool(database.appUrl, 'proofs', 2), createPool(database.ownerUrl, 'proofs', 1)];
  isCitus = !(await regionsGoTogether(pool));
});
after(async () => {
  await Promise.all([pool.end(), owner.end()]);
  await database.drop();
});

async function offer(region: string, state: string, agedMs: number) {
  const key = { region, postedAt: new Date(Date.now() - agedMs), offerId: `lot-${newUuid(Date.now())}.1` };
  await owner.query(
    `insert into offer (geo_region_id, posted_at, offer_id, lot_id, attempt, recipient_id, recipient_name, state, quantity_grams, deadline,
       distance_meters, travel_seconds, travel_source, reasons, fallback, offered_at, code_generation, wrong_codes, time_zone)
     values ($1, $2, $3, $3, 1, 'r', 'R', $4, 1000, now(), 100, 60, 'estimate', '[]', false, now(), 1, 0, 'Asia/Jakarta')`,
    [key.region, key.postedAt, key.offerId, state],
  );
  return key;
}

for (const [what, regions] of [
  ['one region', [HERE, HERE]],
  ['several regions', [HERE, THERE]],
] as const) {
  describe(`of ${what}`, () => {
    it('offers are found and marked, each once, in the order asked', async (t) => {
      if (isCitus && regions[0] !== regions[1]) return t.skip('Citus has a statement for each');
      const open = await offer(regions[0], 'open', 0);
      const lapsed = await offer(regions[1], 'lapsed', AN_HOUR_MS);
      const left = await offer(regions[1], 'open', AN_HOUR_MS);
      const nowhere = { ...open, offerId: 'nowhere' };
      const proof = (state: string, proved: boolean) => ({ state, proved });
      const before = [null, proof('lapsed', false), proof('open', false), proof('open', false)];
      assert.deepEqual(await readOfferProofs(pool, [nowhere, lapsed, open, left]), before);
      await markOffersNotified(pool, [nowhere, lapsed, open]);
      const first = await notifiedAt(open.offerId);
      const after = [null, proof('lapsed', true), proof('open', true), proof('open', false)];
      assert.deepEqual(await readOfferProofs(pool, [nowhere, lapsed, open, left]), after);
      await markOffersNotified(pool, [open, left]);
      assert.deepEqual(await notifiedAt(open.offerId), first, 'the first mark stays');
    });

    it('versions are recorded and never go back', async (t) => {
      if (isCitus && regions[0] !== regions[1]) return t.skip('Citus has a statement for each');
      const [one, other, none] = ['one', 'other', 'none'].map((name) => `${name}-${what}`);
      const lots = [one, other, none].map((lotId = '', n) => ({ region: regions[n % 2] ?? HERE, lotId }));
      const versions = (): Promise<number[]> => readAppliedVersions(pool, 'test', lots);
      const record = (...given: number[]): Promise<void> =>
        recordAppliedVersions(
          pool,
          'test',
          given.map((version, n) => ({ ...(lots[n] ?? assert.fail()), version })),
        );
      assert.deepEqual(await versions(), [0, 0, 0]);
      await record(3, 5);
      assert.deepEqual(await versions(), [3, 5, 0]);
      await record(2, 6);
      assert.deepEqual(await versions(), [3, 6, 0]);
      assert.deepEqual(await readAppliedVersions(pool, 'another', lots), [0, 0, 0]);
    });
  });
}

async function notifiedAt(offerId: string): Promise<Date | undefined> {
  const { rows } = await owner.query<{ at: Date }>('select notified_at as at from offer where offer_id = $1', [
    offerId,
  ]);
  return rows[0]?.at;
}

/** The same key gives the same answer and one effect, in whatever order and place its copies arrive. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { cellAt } from '#adapters/geo/s2.ts';
import { newUuid } from '#adapters/ids/uuid.ts';
import { claimKey } from '#adapters/postgres/sql/claimKey.ts';
import { regionOf, signedIdOf } from '#core/geo/cell.ts';
import { lotIdOf } from '#core/words/ids.ts';
import { createFingerprint } from '../../services/api/idempotency/key.ts';
import {
  food,
  HELSINKI,
  newKey,
  registerDonor,
  registerRecipient,
  SECRET,
  startWorld,
  TAMPERE,
  type Reply,
  type World,
} from './world.ts';

let world: World;

before(async () => {
  world = await startWorld();
  await registerDonor(world, 'kitchen');
  await registerDonor(world, 'bakery');
  await registerRecipient(world, 'shelter');
  await registerRecipient(world, 'tampere-shelter', { location: TAMPERE });
});
after(() => world.stop());

const post = (key: string, body: object, as = 'donor:kitchen', ask: World['ask'] = world.ask): Promise<Reply> =>
  ask('POST', '/v1/surplus', { as, key, body });

/** How many lots stand behind a key; in two questions, for a join across shards is none that Citus answers. */
async function lotsOf(key: string): Promise<number> {
  const kept = await world.pool.query<{ id: string | null }>(
    `select answer #>> '{surplus,id}' as id from command where command_id = $1`,
    [`key:donor:kitchen:${key}`],
  );
  const ids = kept.rows.flatMap(({ id }) => (id === null ? [] : [id]));
  const { rows } = await world.pool.query<{ n: string }>('select count(*) as n from lot where lot_id = any($1)', [ids]);
  return Number(rows[0]?.n);
}

describe('one key', () => {
  it('twenty at once: one lot, twenty equal answers', async () => {
    for (const location of [HELSINKI, TAMPERE]) {
      const key = newKey();
      const body = food({ location });
      const asks = [world.ask, world.askSecond];
      const replies = await Promise.all(
        Array.from({ length: 20 }, (_, i) => post(key, body, 'donor:kitchen', asks[i % 2])),
      );
      for (const reply of replies) assert.deepEqual([reply.status, reply.body], [201, replies[0]?.body], reply.text);
      assert.equal(await lotsOf(key), 1);
    }
  });

  it('a thousand at once: one lot, and who is refused for being too many gets the same answer later', async () => {
    const key = newKey();
    const body = food();
    const asks = [world.ask, world.askSecond];
    const answers: Reply[] = [];
    for (let left = 1_000; left > 0; left = 1_000 - answers.length) {
      const replies = await Promise.all(
        Array.from({ length: left }, (_, i) => post(key, body, 'donor:kitchen', asks[i % 2])),
      );
      for (const reply of replies) assert.ok([201, 503].includes(reply.status), reply.text);
      answers.push(...replies.filter(({ status }) => status === 201));
    }
    for (const answer of answers) assert.deepEqual(answer.body, answers[0]?.body);
    assert.equal(await lotsOf(key), 1);
  });

  it('one after the other: the first answer, also after things moved on', async () => {
    const key = newKey();
    const body = food();
    const first = await post(key, body);
    const { offer } = first.body;
    await world.ask('POST', `/v1/offers/${offer.id}/accept`, { as: `recipient:${offer.recipientId}`, key: newKey() });
    const again = await post(key, body);
    assert.deepEqual(again.body, first.body);
    assert.equal(again.headers['location'], first.headers['location']);
  });

  it('the order of names in the body says nothing', async () => {
    const key = newKey();
    const body = food({ note: 'x' });
    const first = await post(key, body);
    const turned = Object.fromEntries(Object.entries(body).reverse());
    assert.deepEqual((await post(key, turned)).body, first.body);
  });

  it('another body, place, path or region: 422, whichever came first', async () => {
    const places = [HELSINKI, { lat: HELSINKI.lat + 0.2, lon: HELSINKI.lon }, TAMPERE, { lat: -6.2, lon: 106.8 }];
    for (const first of places) {
      for (const other of places.filter((each) => each !== first)) {
        const key = newKey();
        assert.equal((await post(key, food({ location: first }))).status, 201);
        const reply = await post(key, food({ location: other }));
        assert.equal(reply.body.type, '/docs/errors/key-reuse', reply.text);
        assert.equal(await lotsOf(key), 1);
      }
    }
    const key = newKey();
    const { body } = await post(key, food());
    assert.equal((await post(key, food({ quantityGrams: 1 }))).status, 422);
    const accept = { as: `recipient:${body.offer.recipientId}`, key };
    assert.equal((await world.ask('POST', `/v1/offers/${body.offer.id}/accept`, accept)).status, 200);
    assert.equal(
      (await world.ask('POST', `/v1/offers/${body.offer.id}/decline`, { ...accept, body: { reason: 'x' } })).status,
      422,
    );
  });

  it('at once with two places: one wins, the other is told', async () => {
    for (let i = 0; i < 10; i++) {
      const key = newKey();
      const [here, there] = [food(), food({ location: TAMPERE })];
      const two = [world.ask, world.askSecond].flatMap((ask) => [
        post(key, there, 'donor:kitchen', ask),
        post(key, here, 'donor:kitchen', ask),
      ]);
      const replies = await Promise.all(two);
      assert.deepEqual(replies.map((each) => each.status).sort(), [201, 201, 422, 422]);
      assert.equal(await lotsOf(key), 1);
    }
  });

  it('the request that took effect gets its answer, though another under its key came just before it', async () => {
    const key = newKey();
    const [mine, other] = [food({ note: 'mine' }), food({ note: 'other' })];
    const first = await post(key, mine);
    await world.actors.deactivate(cellAt(HELSINKI));
    // The first of these is a turn of its own; the other two wait, and are the next one.
    const replies = await Promise.all([post(newKey(), food()), post(key, other), post(key, mine)]);
    assert.deepEqual(
      replies.map((each) => each.status),
      [201, 422, 201],
    );
    assert.deepEqual(replies[2]?.body, first.body);
  });

  it("is each organisation's own, and each role's", async () => {
    const key = newKey();
    const mine = await post(key, food());
    const theirs = await post(key, food(), 'donor:bakery');
    assert.notEqual(mine.body.id, theirs.body.id);
  });

  it('a refusal is an answer too', async () => {
    const key = newKey();
    const body = food({ safeUntil: new Date(Date.now() - 1000).toISOString() });
    assert.equal((await post(key, body)).status, 400);
    assert.equal((await post(key, body)).status, 400);
    assert.equal((await post(key, food())).status, 422);
  });

  it('a post whose process died between the claim at home and the effect elsewhere is taken up where it was', async () => {
    const key = newKey();
    const body = food({ location: TAMPERE });
    const lotId = lotIdOf(cellAt(TAMPERE), newUuid(Date.now()));
    const home = signedIdOf(regionOf(cellAt(HELSINKI)));
    const claimed = await claimKey(world.pool, {
      homeRegionId: home,
      commandId: `key:donor:kitchen:${key}`,
      kind: 'post',
      fingerprint: createFingerprint(SECRET)('POST', '/v1/surplus', body),
      cell: cellAt(TAMPERE),
      lotId,
    });
    assert.equal(claimed.outcome, 'elsewhere');
    const replies = await Promise.all([post(key, body), post(key, body, 'donor:kitchen', world.askSecond)]);
    for (const reply of replies) assert.deepEqual([reply.status, reply.body.id], [201, lotId], reply.text);
    assert.equal(await lotsOf(key), 1);
  });

  it('a handover code never stands in any table', async () => {
    const { body } = await post(newKey(), food());
    const as = `recipient:${body.offer.recipientId}`;
    await world.ask('POST', `/v1/offers/${body.offer.id}/accept`, { as, key: newKey() });
    const { code } = (await world.ask('GET', `/v1/offers/${body.offer.id}/handover-code`, { as: 'donor:kitchen' }))
      .body;
    const done = await world.ask('POST', `/v1/offers/${body.offer.id}/handover`, { as, key: newKey(), body: { code } });
    assert.equal(done.status, 200);
    for (const table of ['command', 'lot', 'offer', 'matching_history', 'outbox', 'audit_log']) {
      const { rows } = await world.pool.query(`select 1 from ${table} t where t::text like '%' || $1 || '%'`, [code]);
      assert.equal(rows.length, 0, table);
    }
  });
});

describe("an operator's key", () => {
  it('registers once, however often and at once it is sent', async () => {
    const key = newKey();
    const body = {
      id: 'once',
      name: 'Once',
      location: HELSINKI,
      timeZone: 'Europe/Helsinki',
      contact: { phone: '+358 40 7654321' },
    };
    const send = (change: object = {}): Promise<Reply> =>
      world.ask('POST', '/v1/donors', { as: 'operator', key, body: { ...body, ...change } });
    const replies = await Promise.all(Array.from({ length: 10 }, () => send()));
    for (const reply of replies) assert.deepEqual([reply.status, reply.body], [201, replies[0]?.body], reply.text);
    assert.equal((await send({ name: 'Twice' })).status, 422);
    assert.equal(
      (await world.ask('POST', '/v1/donors', { as: 'operator', key: newKey(), body })).body.type,
      '/docs/errors/already-exists',
    );
    const { rows } = await world.pool.query(`select count(*)::int as n from audit_log where subject = 'donor:once'`);
    assert.equal(rows[0].n, 1);
    for (const table of ['command', 'donor', 'audit_log']) {
      const found = await world.pool.query(`select 1 from ${table} t where t::text like '%7654321%'`);
      assert.equal(found.rowCount, 0, `the contact stands in ${table}`);
    }
  });
});

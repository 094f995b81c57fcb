/** What operators did, as other operators read it. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { food, newKey, registerDonor, registerRecipient, startWorld, type World } from './world.ts';

interface Entry {
  readonly id: string;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly subjectName: string | null;
  readonly recipientName: string | null;
  readonly why: string | null;
}

let world: World;
before(async () => {
  world = await startWorld();
  await registerDonor(world, 'kitchen');
  await registerRecipient(world, 'shelter');
});
after(() => world.stop());

async function list(query = ''): Promise<{ items: Entry[]; nextCursor: string | null }> {
  const reply = await world.ask('GET', `/v1/audit${query}`, { as: 'operator' });
  assert.equal(reply.status, 200, reply.text);
  return reply.body as { items: Entry[]; nextCursor: string | null };
}
const steer = (path: string, body: object) => world.ask('POST', path, { as: 'operator', key: newKey(), body });

it('says who did what to whom and why, by names, newest first; of one lot or organisation, if asked', async () => {
  const posted = await world.ask('POST', '/v1/surplus', { as: 'donor:kitchen', key: newKey(), body: food() });
  const id = String(posted.body.id);
  assert.equal((await steer(`/v1/surplus/${id}/withdraw`, { reason: 'the van broke down' })).status, 200);
  const assigned = await steer(`/v1/surplus/${id}/assign`, { recipientId: 'shelter', reason: 'they rang' });
  assert.equal(assigned.status, 200, assigned.text);
  assert.equal((await steer('/v1/recipients/shelter/pause', { reason: 'fridge' })).status, 200);
  const headers = { 'if-match': '*' };
  await world.ask('PATCH', '/v1/recipients/shelter', { as: 'recipient:shelter', body: { capacityGrams: 5 }, headers });

  const { items } = await list();
  const told = items.map(({ action, subjectName, recipientName, why }) => [action, subjectName, recipientName, why]);
  assert.deepEqual(told.slice(0, 3), [
    ['recipient.pause', 'Shelter shelter', null, 'fridge'],
    ['surplus.assign', 'Kitchen kitchen', 'Shelter shelter', 'they rang'],
    ['surplus.withdraw', 'Kitchen kitchen', null, 'the van broke down'],
  ]);
  assert.deepEqual(
    items.map(({ at }) => at),
    items
      .map(({ at }) => at)
      .toSorted()
      .toReversed(),
  );
  assert.ok(items.every(({ actor }) => actor !== ''));
  assert.equal(
    told.filter(([action]) => action === 'recipient.change').length,
    0,
    "recipients' own changes are theirs",
  );

  const ofLot = (await list(`?subject=lot:${id}`)).items;
  assert.deepEqual(
    ofLot.map(({ action }) => action),
    ['surplus.assign', 'surplus.withdraw'],
  );
  const ofShelter = (await list('?subject=recipient:shelter')).items;
  assert.deepEqual(
    ofShelter.map(({ action }) => action),
    ['recipient.pause', 'recipient.register'],
  );
});

it('comes page by page, each entry once, also those of one moment', async () => {
  await world.pool.query(`insert into audit_log (audit_id, at, actor_role, actor_organisation, action, subject)
    select gen_random_uuid(), timestamptz '2026-01-01 00:00:00.123456' + (n / 3) * interval '1 microsecond', 'operator', 'siti',
      'recipient.change', 'recipient:shelter' from generate_series(1, 20) n`);
  const all = (await list('?limit=100')).items.map(({ id }) => id);
  const paged: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const page: { items: Entry[]; nextCursor: string | null } = await list(
      `?limit=7${cursor === '' ? '' : `&cursor=${cursor}`}`,
    );
    paged.push(...page.items.map(({ id }) => id));
    cursor = page.nextCursor;
  }
  assert.deepEqual(paged, all);
  assert.equal(new Set(paged).size, paged.length);
  for (const query of ['?cursor=x', '?subject=passkey:1', '?limit=0'])
    assert.equal((await world.ask('GET', `/v1/audit${query}`, { as: 'operator' })).status, 400, query);
});

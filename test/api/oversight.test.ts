/** What operators look at, from what really happened. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { food, newKey, registerDonor, registerRecipient, startWorld, type World } from './world.ts';

let world: World;
before(async () => {
  world = await startWorld();
  await registerDonor(world, 'kitchen');
  await registerDonor(world, 'quiet');
  await registerRecipient(world, 'shelter');
});
after(() => world.stop());

async function offered(grams = 10_000): Promise<{ lot: string; offer: string }> {
  const body = food({ quantityGrams: grams });
  const posted = await world.ask('POST', '/v1/surplus', { as: 'donor:kitchen', key: newKey(), body });
  return { lot: posted.body.id as string, offer: posted.body.offer.id as string };
}
const answer = (offer: string, verb: string, body: object) =>
  world.ask('POST', `/v1/offers/${offer}/${verb}`, { as: 'recipient:shelter', key: newKey(), body });
async function items(name: string) {
  const reply = await world.ask('GET', `/v1/oversight/${name}`, { as: 'operator' });
  assert.equal(reply.status, 200, reply.text);
  return reply.body.items;
}

it('counts answers, trouble and grams as they were', async () => {
  const taken = await offered();
  await answer(taken.offer, 'accept', {});
  const { code } = (await world.ask('GET', `/v1/offers/${taken.offer}/handover-code`, { as: 'donor:kitchen' })).body;
  const less = await answer(taken.offer, 'handover', { code, quantityGrams: 7_000 });
  assert.equal(less.status, 200, less.text);
  await answer((await offered()).offer, 'decline', { reason: 'no room' });
  const cancelled = await offered(2_000);
  await world.ask('DELETE', `/v1/surplus/${cancelled.lot}`, { as: 'donor:kitchen' });

  const [shelter, ...others] = await items('recipients');
  assert.deepEqual(others, []);
  assert.deepEqual(
    [shelter.id, shelter.asked, shelter.accepted, shelter.declined, shelter.lapsed, shelter.devices, shelter.phone],
    ['shelter', 2, 1, 1, 0, 0, 'none'],
  );
  const [kitchen, ...quiet] = await items('donors');
  assert.deepEqual(quiet, [], 'who posted nothing is no trouble');
  assert.deepEqual(
    [kitchen.id, kitchen.posts, kitchen.cancelled, kitchen.expired, kitchen.badHandovers],
    ['kitchen', 3, 1, 0, 1],
  );
  const hours = await items('hours');
  assert.equal(hours.length, 24);
  const sum = (field: string): number =>
    hours.reduce((all: number, hour: Record<string, number>) => all + (hour[field] ?? 0), 0);
  assert.deepEqual([sum('postedGrams'), sum('collectedGrams'), sum('lostGrams')], [22_000, 7_000, 2_000]);
});

it('operators are told whose food it is by name; others are not', async () => {
  const { lot } = await offered();
  const names = async (as: string) => {
    const one = await world.ask('GET', `/v1/surplus/${lot}`, { as });
    const list = await world.ask('GET', '/v1/surplus', { as });
    const listed = list.body.items.find((each: { id: string }) => each.id === lot);
    return [one.body.donorName, listed.donorName];
  };
  assert.deepEqual(await names('operator'), ['Kitchen kitchen', 'Kitchen kitchen']);
  for (const as of ['donor:kitchen', 'recipient:shelter']) assert.deepEqual(await names(as), [undefined, undefined]);
});

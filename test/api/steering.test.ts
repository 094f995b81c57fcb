/** Operators' overrides: through the cell, with who and why, once. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { until } from '../../dev/testing/servers.ts';
import {
  food,
  inHours,
  newKey,
  registerDonor,
  registerRecipient,
  startWorld,
  type Reply,
  type World,
} from './world.ts';

let world: World;
before(async () => {
  world = await startWorld();
  await registerDonor(world, 'kitchen');
  await registerRecipient(world, 'shelter');
  await registerRecipient(world, 'fridge', { location: { lat: 60.2, lon: 24.96 } });
});
after(() => world.stop());

interface Posted {
  readonly id: string;
  readonly holder: string;
  readonly other: string;
}
async function posted(): Promise<Posted> {
  const { body } = await world.ask('POST', '/v1/surplus', { as: 'donor:kitchen', key: newKey(), body: food() });
  const holder = body.offer.recipientId as string;
  return { id: body.id as string, holder, other: holder === 'shelter' ? 'fridge' : 'shelter' };
}
const steer = (id: string, verb: string, body: object, key = newKey()): Promise<Reply> =>
  world.ask('POST', `/v1/surplus/${id}/${verb}`, { as: 'operator', key, body });
const read = async (id: string, as = 'operator') => (await world.ask('GET', `/v1/surplus/${id}`, { as })).body;
const audits = async (subject: string) =>
  (
    await world.pool.query<{ action: string; why: string; actor_role: string; after: object }>(
      'select action, why, actor_role, after from audit_log where subject = $1 order by at',
      [subject],
    )
  ).rows;

describe('steering a lot', () => {
  it('assign: the named recipient is asked, the one before no longer; once, with who and why', async () => {
    const { id, holder, other } = await posted();
    const key = newKey();
    const body = { recipientId: other, reason: 'they rang' };
    const [first, second] = await Promise.all([steer(id, 'assign', body, key), steer(id, 'assign', body, key)]);
    assert.deepEqual([first.status, second.status], [200, 200], first.text + second.text);
    assert.equal(first.body.offer.recipientId, other);
    const repeat = await world.askSecond('POST', `/v1/surplus/${id}/assign`, { as: 'operator', key, body });
    assert.deepEqual([repeat.status, repeat.body], [200, first.body]);
    const lot = await read(id);
    assert.deepEqual(
      lot.offers.map((offer: { recipientId: string; state: string }) => [offer.recipientId, offer.state]),
      [
        [holder, 'withdrawn'],
        [other, 'open'],
      ],
    );
    const step = lot.history.at(-1);
    assert.equal(step.reason, 'assigned');
    assert.equal(JSON.parse(step.detail).why, 'they rang');
    assert.deepEqual(
      (await audits(`lot:${id}`)).map(({ action, why, actor_role }) => [action, why, actor_role]),
      [['surplus.assign', 'they rang', 'operator']],
    );
    for (const as of ['donor:kitchen', `recipient:${other}`]) {
      const seen = await read(id, as);
      assert.equal(JSON.stringify(seen).includes('they rang'), false, 'what operators note is for operators');
      assert.equal(seen.offers, undefined);
    }
    const late = await world.ask('POST', `/v1/offers/${lot.offers[0].id}/accept`, {
      as: `recipient:${holder}`,
      key: newKey(),
    });
    assert.equal(late.body.type, '/docs/errors/offer-closed');
    const taken = await world.ask('POST', `/v1/offers/${lot.offers[1].id}/accept`, {
      as: `recipient:${other}`,
      key: newKey(),
    });
    assert.equal(taken.status, 200, taken.text);
    const refused = await steer(id, 'assign', { recipientId: holder, reason: 'x' });
    assert.equal(refused.body.type, '/docs/errors/already-claimed');
  });

  it('withdraw: a claim goes back, and is not for who held it', async () => {
    const { id, holder } = await posted();
    const offer = (await read(id)).offer;
    await world.ask('POST', `/v1/offers/${offer.id}/accept`, { as: `recipient:${holder}`, key: newKey() });
    const done = await steer(id, 'withdraw', { reason: 'their van broke down' });
    assert.deepEqual([done.status, done.body.state, done.body.offer], [200, 'rematching', null], done.text);
    assert.equal((await read(id)).offers[0].state, 'withdrawn');
    assert.equal((await steer(id, 'withdraw', { reason: 'again' })).body.type, '/docs/errors/offer-closed');
  });

  it('extend: the deadline that PostgreSQL holds is the later one, for whoever hosts the cell next', async () => {
    const { id } = await posted();
    const later = inHours(1);
    const done = await steer(id, 'extend', { until: later, reason: 'they are driving' });
    assert.equal(done.body.offer.deadline, later, done.text);
    assert.equal((await read(id)).offer.deadline, later);
    assert.equal((await steer(id, 'extend', { until: inHours(0.5), reason: 'x' })).body.type, '/docs/errors/deadline');
    assert.equal((await steer(id, 'extend', { until: inHours(7), reason: 'x' })).body.type, '/docs/errors/deadline');
    assert.equal((await audits(`lot:${id}`)).length, 1, 'what was refused was not done');
  });

  it('cancel: with its reason', async () => {
    const { id } = await posted();
    const done = await steer(id, 'cancel', { reason: 'it smells' });
    assert.equal(done.body.state, 'cancelled', done.text);
    assert.deepEqual((await audits(`lot:${id}`))[0]?.why, 'it smells');
  });

  it('a reason is required, a made-up lot or recipient is not there, a key is for one request', async () => {
    const { id, other } = await posted();
    for (const verb of ['assign', 'withdraw', 'extend', 'cancel']) {
      const body = { recipientId: other, until: inHours(1), reason: '  ' };
      assert.equal((await steer(id, verb, body)).status, 400, verb);
    }
    const madeUp = id.replace(/.{4}$/, '0000');
    assert.equal((await steer(madeUp, 'withdraw', { reason: 'x' })).status, 404);
    assert.equal((await steer(id, 'assign', { recipientId: 'nobody', reason: 'x' })).status, 404);
    const key = newKey();
    assert.equal((await steer(id, 'withdraw', { reason: 'x' }, key)).status, 200);
    const elsewhere = await posted();
    assert.equal((await steer(elsewhere.id, 'withdraw', { reason: 'x' }, key)).status, 422);
  });
});

describe('steering a recipient', () => {
  const turn = (verb: string, key = newKey()): Promise<Reply> =>
    world.ask('POST', `/v1/recipients/fridge/${verb}`, { as: 'operator', key, body: { reason: 'flooded' } });

  it('paused, it is offered nothing, and cannot end it by itself; resumed, it is', async () => {
    const key = newKey();
    const paused = await turn('pause', key);
    assert.deepEqual(
      [paused.status, paused.body.active, paused.body.pausedByOperator],
      [200, false, true],
      paused.text,
    );
    assert.deepEqual((await turn('pause', key)).body, paused.body);
    const { id } = await posted();
    const refused = await steer(id, 'assign', { recipientId: 'fridge', reason: 'x' });
    assert.deepEqual([refused.status, refused.body.type], [409, '/docs/errors/unsuitable'], refused.text);
    const self = { as: 'recipient:fridge', headers: { 'if-match': '*' }, body: { active: true } };
    assert.equal((await world.ask('PATCH', '/v1/recipients/fridge', self)).status, 403);
    assert.equal((await turn('resume')).body.active, true);
    await until('it may be asked again', async () => {
      const lot = await posted();
      if (lot.holder === 'fridge') return true;
      return (await steer(lot.id, 'assign', { recipientId: 'fridge', reason: 'x' })).status === 200;
    });
    assert.deepEqual(
      (await audits('recipient:fridge')).map(({ action, why }) => [action, why]).filter(([, why]) => why !== null),
      [
        ['recipient.pause', 'flooded'],
        ['recipient.resume', 'flooded'],
      ],
    );
  });

  it('what it pauses itself, it resumes itself', async () => {
    for (const active of [false, true]) {
      const self = { as: 'recipient:fridge', headers: { 'if-match': '*' }, body: { active } };
      assert.equal((await world.ask('PATCH', '/v1/recipients/fridge', self)).status, 200);
    }
  });
});

describe('steering a donor', () => {
  const turn = (verb: string, key = newKey()): Promise<Reply> =>
    world.ask('POST', `/v1/donors/kitchen/${verb}`, { as: 'operator', key, body: { reason: 'mouldy twice' } });
  const post = (): Promise<Reply> =>
    world.ask('POST', '/v1/surplus', { as: 'donor:kitchen', key: newKey(), body: food() });
  const self = (active: boolean): Promise<Reply> =>
    world.ask('PATCH', '/v1/donors/kitchen', {
      as: 'donor:kitchen',
      headers: { 'if-match': '*' },
      body: { active },
    });

  it('paused, it posts nothing and cannot end it by itself; resumed, it posts', async () => {
    const key = newKey();
    const paused = await turn('pause', key);
    assert.deepEqual([paused.status, paused.body.active, paused.body.pausedByOperator], [200, false, true]);
    assert.deepEqual((await turn('pause', key)).body, paused.body);
    const refused = await post();
    assert.deepEqual([refused.status, refused.body.type], [409, '/docs/errors/donor-paused'], refused.text);
    assert.equal((await self(true)).status, 403);
    assert.equal((await turn('resume')).body.pausedByOperator, false);
    assert.equal((await post()).status, 201);
    assert.deepEqual(
      (await audits('donor:kitchen')).map(({ action, why }) => [action, why]).filter(([, why]) => why !== null),
      [
        ['donor.pause', 'mouldy twice'],
        ['donor.resume', 'mouldy twice'],
      ],
    );
  });

  it('what it pauses itself, it resumes itself', async () => {
    for (const active of [false, true]) assert.equal((await self(active)).status, 200);
    assert.equal((await post()).status, 201);
  });
});

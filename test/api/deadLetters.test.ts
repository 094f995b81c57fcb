import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import { DeadLetterSchema } from '#proto/gen/pahlawan/v1/events_pb.js';
import { food, newKey, registerDonor, registerRecipient, startWorld, type Reply, type World } from './world.ts';

let world: World;
before(async () => {
  world = await startWorld();
  await registerDonor(world, 'kitchen');
  await registerRecipient(world, 'shelter');
});
after(() => world.stop());

async function deadLetter(letter: object): Promise<number> {
  const payload = toBinary(
    DeadLetterSchema,
    create(DeadLetterSchema, { deadLetterId: newKey(), region: '46920c', atMs: 1n, ...letter }),
  );
  await world.publish({ id: newKey(), subject: 'dead.46920c.test', payload, traceparent: null });
  return ((await list()).body.items as { seq: number }[]).at(-1)?.seq ?? 0;
}

const list = (query = ''): Promise<Reply> => world.ask('GET', `/v1/dead-letters${query}`, { as: 'operator' });
const act = (seq: number, verb: string, key = newKey()): Promise<Reply> =>
  world.ask('POST', `/v1/dead-letters/${String(seq)}/${verb}`, { as: 'operator', key });

async function exhausted(): Promise<{ lotId: string; seq: number }> {
  const { id: lotId } = (await world.ask('POST', '/v1/surplus', { as: 'donor:kitchen', key: newKey(), body: food() }))
    .body as { id: string };
  return { lotId, seq: await deadLetter({ cause: 'rematch-exhausted', lotId, detail: 'nobody took it' }) };
}

describe('dead letters', () => {
  it('of a lot: replayed by the cell, once, then gone, and in the audit log', async () => {
    const { lotId, seq } = await exhausted();
    assert.deepEqual(
      (await list()).body.items.map((each: { lotId: string; donorName: string }) => [each.lotId, each.donorName]),
      [[lotId, 'Kitchen kitchen']],
    );
    const key = newKey();
    const replies = await Promise.all([act(seq, 'replay', key), act(seq, 'replay', key)]);
    const done = { seq, outcome: 'replayed', lotId };
    for (const reply of replies)
      assert.ok(reply.status === 200 || reply.body.type === '/docs/errors/in-flight', reply.text);
    assert.ok(replies.some((reply) => reply.status === 200));
    const again = await act(seq, 'replay', key);
    assert.deepEqual([again.status, again.body], [200, done]);
    const { history } = (await world.ask('GET', `/v1/surplus/${lotId}`, { as: 'operator' })).body;
    assert.equal(history.filter((each: { reason: string }) => each.reason === 'replayed').length, 1);
    assert.deepEqual((await list()).body.items, []);
    assert.equal((await act(seq, 'replay')).status, 404);
    const { rows } = await world.pool.query(`select action from audit_log where subject = $1`, [`lot:${lotId}`]);
    assert.deepEqual(rows, [{ action: 'dead-letter.replay' }]);
  });

  it('of a lot that has ended: says so, and stays to be discarded', async () => {
    const { lotId, seq } = await exhausted();
    await world.ask('DELETE', `/v1/surplus/${lotId}`, { as: 'donor:kitchen' });
    assert.equal((await act(seq, 'replay')).body.type, '/docs/errors/offer-closed');
    assert.equal((await list()).body.items.length, 1);
    assert.deepEqual((await act(seq, 'discard')).body, { seq, outcome: 'discarded', lotId });
    assert.equal((await list()).body.items.length, 0);
  });

  it('of a message: it goes out again', async () => {
    const before = world.feed.position()?.seq ?? 0;
    const seq = await deadLetter({
      cause: 'undeliverable',
      originalSubject: 'lot.46920c.offered',
      originalPayload: new Uint8Array([1]),
    });
    assert.equal((await act(seq, 'replay')).status, 200);
    for (let i = 0; i < 100 && (world.feed.position()?.seq ?? 0) === before; i++)
      await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(world.feed.position()?.seq, before + 1);
  });

  it('are listed page by page', async () => {
    for (let i = 0; i < 3; i++) await deadLetter({ cause: 'undeliverable' });
    const first = await list('?limit=2');
    const second = await list(`?limit=2&cursor=${String(first.body.nextCursor)}`);
    assert.deepEqual([first.body.items.length, second.body.items.length, second.body.nextCursor], [2, 1, null]);
  });
});

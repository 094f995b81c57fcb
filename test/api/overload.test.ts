/** More than can be answered: refused at the door before anything is done, while answers and probes go on. */
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { after, before, it } from 'node:test';
import type { CellClient } from '#cell/contract.ts';
import { until } from '../../dev/testing/until.ts';
import { food, newKey, registerDonor, registerRecipient, startWorld, type Reply, type World } from './world.ts';

/** As many as are let in while nothing is known of the rate. */
const LET_IN = 250;

let world: World;
/** Posts wait for this; other commands pass. */
let gate: Promise<void> = Promise.resolve();
/** posts that have come as far as that */
let atGate = 0;

function slow(cells: CellClient): CellClient {
  return {
    send: async (cell, command, options) => {
      if (command.kind === 'post') {
        atGate++;
        await gate;
      }
      return await cells.send(cell, command, options);
    },
  };
}

function closeGate(): () => void {
  let open: () => void = () => undefined;
  gate = new Promise((resolve) => (open = resolve));
  return open;
}

before(async () => {
  world = await startWorld({ change: (given) => ({ ...given, cells: slow(given.cells) }) });
  await registerDonor(world, 'kitchen');
  await registerRecipient(world, 'shelter');
});
after(() => world.stop());

/** One body: another would be another request under the same key. */
const body = food({ quantityGrams: 100 });
const post = (key: string): Promise<Reply> => world.ask('POST', '/v1/surplus', { as: 'donor:kitchen', key, body });

async function inFlight(): Promise<number> {
  const { text } = await world.ask('GET', '/metrics');
  return Number(/^api_commands_in_flight (\d+)/m.exec(text)?.[1]);
}

it('posts beyond the bound get 503 with Retry-After, and take effect when they come again', async () => {
  const offered = await post(newKey());
  const open = closeGate();
  const keys = Array.from({ length: LET_IN + 50 }, newKey);
  const posting = keys.map((key) => post(key));
  await until('as many as possible are in', async () => (await inFlight()) === LET_IN);

  assert.equal((await world.ask('GET', '/healthz')).status, 200);
  assert.equal((await world.ask('GET', '/readyz')).status, 200);
  const accept = `/v1/offers/${String(offered.body.offer.id)}/accept`;
  const accepted = await world.ask('POST', accept, { as: 'recipient:shelter', key: newKey(), body: {} });
  assert.equal(accepted.status, 200, accepted.text);

  open();
  const replies = await Promise.all(posting);
  const refused = replies.filter(({ status }) => status !== 201);
  assert.equal(refused.length, 50);
  for (const { status, headers, body: problem } of refused) {
    assert.deepEqual([status, problem.type], [503, '/docs/errors/overloaded']);
    assert.ok(Number(headers['retry-after']) >= 1 && Number(headers['retry-after']) <= 4, headers['retry-after']);
  }
  assert.ok(new Set(refused.map(({ headers }) => headers['retry-after'])).size > 1, 'not all come back at once');
  // No more at once than are let in whatever was seen.
  for (const some of [keys.slice(0, LET_IN), keys.slice(LET_IN)]) {
    const again = await Promise.all(some.map((key) => post(key)));
    assert.deepEqual([...new Set(again.map(({ status }) => status))], [201]);
  }
  const { rows } = await world.pool.query<{ lots: string }>('select count(*) as lots from lot');
  assert.equal(Number(rows[0]?.lots), keys.length + 1);
});

it('whoever hangs up gives the place back once the command is done, not before', async () => {
  const open = closeGate();
  const hangUp = new AbortController();
  const before = atGate;
  const posting = fetch(`${world.url}/v1/surplus`, {
    method: 'POST',
    signal: hangUp.signal,
    headers: {
      authorization: `Bearer ${await world.token('donor:kitchen')}`,
      'content-type': 'application/json',
      'idempotency-key': newKey(),
    },
    body: JSON.stringify(body),
  });
  // Let in is not yet under way: a place is given back at once to whoever leaves before.
  await until('it is under way', () => Promise.resolve(atGate === before + 1));
  assert.equal(await inFlight(), 1);
  hangUp.abort();
  await assert.rejects(posting);
  await pause(100);
  assert.equal(await inFlight(), 1, 'the command is still under way');
  open();
  await until('its place is free', async () => (await inFlight()) === 0);
});

/** Commands for several cells in one call, on real PostgreSQL: a host takes those of cells it owns, and no others. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createPool, type Pool } from '#adapters/postgres/pool.ts';
import { createCellActors, type CellActors } from '#cell/cellActor.ts';
import type { TurnResponse } from '#cell/contract.ts';
import type { CellPorts } from '#cell/ports.ts';
import type { Command, Post } from '#core/lots/command.ts';
import { recipientNamed } from '#core/lots/evening.testkit.ts';
import { policyOf } from '#core/lots/policy.ts';
import type { CellToken } from '#core/words/ids.ts';
import { startPostgres, type PostgresProcess } from '../../dev/testing/loopServers.ts';
import { fakeCandidates } from '../fakes/candidates.ts';
import { breadIn } from './bread.ts';
import { worldPorts } from './worldPorts.ts';

/** Three of one region. */
const HERE = '46920bd' as CellToken;
const BESIDE = '46920b3' as CellToken;
const BEYOND = '46920b5' as CellToken;
const AWAY = { away: true };
const MOVED = { moved: true };
const noop = (): void => undefined;
const hooks = { activated: noop, fenced: noop, turned: noop, wrote: noop, failed: noop, random: () => 0.5 };

let server: PostgresProcess;
let pool: Pool;
let ports: CellPorts;
let host: CellActors;
let series = 0;

before(async () => {
  server = await startPostgres();
  pool = createPool(server.url, 'test', 12);
});
after(async () => {
  await pool.end();
  await server.stop();
});
beforeEach(async () => {
  await pool.query('truncate lot, offer, matching_history, outbox, command, recipient_day, cell');
  ports = worldPorts(pool, fakeCandidates([recipientNamed('a', { capacityGrams: 1_000_000 })], Date.now).candidates);
  host = newHost();
});

function newHost(change: Partial<CellPorts> = {}): CellActors {
  return createCellActors({ ...ports, ...change }, policyOf(300_000), hooks, 12);
}

function postIn(cell: CellToken): Post {
  const n = series++;
  return { id: `together-${String(n)}`, fingerprint: `body-${String(n)}`, ...breadIn(cell) };
}

function call(on: CellActors, cell: CellToken, commands: readonly Command[]): Promise<TurnResponse> {
  return on.turn(cell, { commands, traceparents: commands.map(() => null) });
}

/** What became of each: the lot's id, or the answer itself. */
function told({ answers }: TurnResponse): unknown[] {
  return answers.map((answer) => ('ok' in answer && answer.ok ? answer.surplus?.id : answer));
}

async function epochs(): Promise<Record<string, number>> {
  const { rows } = await pool.query<{ token: string; epoch: string }>(
    `select rtrim(lpad(to_hex(cell_id), 16, '0'), '0') as token, epoch from cell`,
  );
  return Object.fromEntries(rows.map((row) => [row.token, Number(row.epoch)]));
}

async function lots(): Promise<number> {
  return (await pool.query('select 1 from lot')).rowCount ?? 0;
}

it('takes what is for its cells, in the order asked, and leaves alone what is for others', async () => {
  for (const cell of [HERE, BESIDE]) await call(host, cell, [postIn(cell)]);
  const posts = [BESIDE, HERE, BEYOND, BESIDE, HERE].map(postIn);
  const response = await call(host, HERE, posts);
  const expected = posts.map(({ lotId }, n) => (n === 2 ? AWAY : lotId));
  assert.deepEqual(told(response), expected);
  assert.deepEqual(await epochs(), { [HERE]: 1, [BESIDE]: 1 }, 'a cell that Dapr has not placed here is not taken');
  assert.equal(await lots(), 6);
});

it('says who it is, the same each time, and two hosts are two', async () => {
  const says = async (on: CellActors): Promise<unknown> => (await call(on, HERE, [postIn(HERE)])).host;
  const first = await says(host);
  assert.equal(typeof first, 'string');
  assert.equal(await says(host), first);
  assert.notEqual(await says(newHost()), first);
});

it('a cell that another host has taken since is not fetched back', async () => {
  for (const cell of [HERE, BESIDE]) await call(host, cell, [postIn(cell)]);
  await call(newHost(), BESIDE, [postIn(BESIDE)]);
  assert.deepEqual(told(await call(host, HERE, [postIn(BESIDE)])), [MOVED], 'the fence tells it');
  assert.deepEqual(told(await call(host, HERE, [postIn(BESIDE)])), [AWAY]);
  assert.deepEqual(await epochs(), { [HERE]: 1, [BESIDE]: 2 });
});

/** A host whose writes of one cell wait until they are let go. */
function hostThatWaits(cell: CellToken) {
  let gate: Promise<void> = Promise.resolve();
  let letGo = (): void => undefined;
  const store: CellPorts['store'] = {
    ...ports.store,
    write: async (turn) => {
      if (turn.cell === cell) await gate;
      return await ports.store.write(turn);
    },
  };
  return {
    host: newHost({ store }),
    hold: () => void (gate = new Promise((resolve) => (letGo = resolve))),
    letGo: () => letGo(),
  };
}

it('what has come along already does not fetch a cell back either, however much of it waits', async () => {
  const { host: held, hold, letGo } = hostThatWaits(BESIDE);
  for (const cell of [HERE, BESIDE]) await call(held, cell, [postIn(cell)]);
  hold();
  const first = call(held, HERE, [postIn(BESIDE)]);
  await pause(50);
  const next = call(held, HERE, [postIn(BESIDE)]);
  await pause(50);
  await call(newHost(), BESIDE, [postIn(BESIDE)]);
  letGo();
  assert.deepEqual([told(await first), told(await next)], [[MOVED], [MOVED]]);
  assert.deepEqual(await epochs(), { [HERE]: 1, [BESIDE]: 2 });
  await call(held, BESIDE, [postIn(BESIDE)]);
  assert.deepEqual(await epochs(), { [HERE]: 1, [BESIDE]: 3 }, 'called by its name it is taken');
});

it('a cell that Dapr takes away is away at once, its last turn not over yet; called by its name it is here again', async () => {
  const { host: held, hold, letGo } = hostThatWaits(BESIDE);
  for (const cell of [HERE, BESIDE]) await call(held, cell, [postIn(cell)]);
  hold();
  const last = call(held, BESIDE, [postIn(BESIDE)]);
  await pause(50);
  const leaving = held.deactivate(BESIDE);
  assert.deepEqual(told(await call(held, HERE, [postIn(BESIDE)])), [AWAY]);
  letGo();
  assert.equal(typeof told(await last)[0], 'string');
  await leaving;
  assert.equal(held.count(), 1);
  assert.deepEqual(told(await call(held, HERE, [postIn(BESIDE)])), [AWAY]);

  await call(held, BESIDE, [postIn(BESIDE)]);
  hold();
  const again = call(held, BESIDE, [postIn(BESIDE)]);
  await pause(50);
  const leavingAgain = held.deactivate(BESIDE);
  const back = call(held, BESIDE, [postIn(BESIDE)]);
  letGo();
  for (const each of [again, back]) assert.equal(typeof told(await each)[0], 'string');
  await leavingAgain;
  assert.equal(held.count(), 2, 'Dapr has placed it here');
});

it('a cell is not let go while a turn is about to begin', async () => {
  let warmed = (): void => undefined;
  const slow = newHost({
    travel: { ...ports.travel, warm: () => new Promise((resolve) => (warmed = () => resolve(true))) },
  });
  const turn = call(slow, BESIDE, [postIn(BESIDE)]);
  await pause(50);
  let isLetGo = false;
  const leaving = slow.deactivate(BESIDE).then(() => (isLetGo = true));
  await pause(50);
  assert.equal(isLetGo, false);
  warmed();
  assert.equal(typeof told(await turn)[0], 'string');
  await leaving;
});

it('nobody waits for the slowest cell; asked again, it gives the answer it had', async () => {
  const { host: held, hold, letGo } = hostThatWaits(BESIDE);
  for (const cell of [HERE, BESIDE]) await call(held, cell, [postIn(cell)]);
  hold();
  const [here, beside] = [HERE, BESIDE].map(postIn) as [Post, Post];
  assert.deepEqual(told(await call(held, HERE, [here, beside]))[1], MOVED);
  // On a slow machine it may have taken too long itself: asked again, it says the same.
  assert.deepEqual(told(await call(held, HERE, [here])), [here.lotId], 'what came with it is done');
  assert.equal(await lots(), 3);
  letGo();
  assert.deepEqual(told(await call(held, BESIDE, [beside])), [beside.lotId]);
  assert.equal(await lots(), 4);
});

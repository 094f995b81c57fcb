/**
 * R3: the owner of a cell is paused at every await of a turn, for each kind of turn that people or time bring about (`scenes.ts`; those
 * of operators take the same way); its successor takes the cell and acts; then the paused one goes on. Nothing it writes then may be accepted, and the successor may
 * never wait for it. Real PostgreSQL and Redis. Whole processes are stopped with their sidecars in `make takeover` and `make faults`.
 */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { recipientNamed } from '#core/lots/evening.testkit.ts';
import type { Command } from '#core/lots/command.ts';
import { policyOf } from '#core/lots/policy.ts';
import type { LotId, OfferId, RecipientId } from '#core/words/ids.ts';
import { createCell, type Cell } from '#cell/cell.ts';
import type { CellAnswer } from '#cell/contract.ts';
import type { Candidates, CellPorts } from '#cell/ports.ts';
import { createPool, type Pool } from '#adapters/postgres/pool.ts';
import { createCandidates } from '#adapters/redis/candidates.ts';
import { connectRedis, type RedisConnection } from '#adapters/redis/connection.ts';
import { beginSets, fillRecipients } from '#adapters/redis/fill.ts';
import { keysOf } from '#adapters/redis/keys.ts';
import { startPostgres } from '../../dev/testing/freshDatabase.ts';
import { startRedis } from '../../dev/testing/servers.ts';
import { undoing } from '../../dev/testing/undoing.ts';
import { worldPorts } from '../cell/worldPorts.ts';
import { pausedAt } from './pausedCell.ts';
import { CELL, cancelOf, postOf, SCENES, type Offered, type Scene } from './scenes.ts';

const MINUTE_MS = 60_000;
const MAX_AWAITS = 40;
const SUCCESSOR_WITHIN_MS = 1_000;
const GENERATION = '1';
const keys = keysOf('zombies');
const policy = policyOf(5 * MINUTE_MS);
const nothing = (): void => undefined;

let pool: Pool;
let redis: RedisConnection;
let candidates: Candidates;

const undo = undoing();
before(async () => {
  const postgres = undo.after(await startPostgres(), (it) => it.stop());
  pool = undo.after(createPool(postgres.url, 'zombies', 12), (it) => it.end());
  const server = undo.after(await startRedis(), (it) => it.stop());
  redis = undo.after(connectRedis(server.url, { name: 'zombies' }), (it) => it.stop());
  await redis.whenReady(5_000);
  candidates = createCandidates({ redis, prefix: 'zombies', clock: { nowMs: Date.now } });
});
after(() => undo.all());

function host(owner: string, world: (real: CellPorts) => CellPorts = (real) => real): Cell {
  const hooks = {
    activated: nothing,
    fenced: nothing,
    turned: nothing,
    wrote: nothing,
    failed: nothing,
    random: () => 0,
  };
  return createCell(CELL, world(worldPorts(pool, candidates, owner)), policy, hooks);
}

async function one(cell: Cell, command: Command): Promise<CellAnswer> {
  const [answer] = await cell.turn([command], null);
  assert.ok(answer);
  return answer;
}

/** Not `cell`: paused before its own activation a host may take the cell back, lawfully. */
const TABLES = ['lot', 'offer', 'matching_history', 'outbox', 'command', 'recipient_day'];

/** Empty tables, two recipients and a food bank with all their room, and one lot, as far as the scene has it. @param by whose turns made it */
async function fixture({ before = [], due }: Scene, by: Cell): Promise<Offered> {
  for (const table of [...TABLES, 'cell']) await pool.query(`delete from ${table}`);
  await redis.client.flushall();
  const bank = recipientNamed('bank', { fallback: true });
  const recipients = [recipientNamed('a'), recipientNamed('b', { lat: 60.172 }), bank];
  const versioned = recipients.map((recipient) => ({ recipient, version: '1.1' }));
  await beginSets(redis.client, keys, GENERATION);
  await fillRecipients(redis.client, keys, GENERATION, versioned);
  await redis.client.set(keys.marker, `${redis.runId() ?? ''} ${GENERATION}`);
  const posted = await one(by, postOf());
  assert.ok('ok' in posted && posted.ok && posted.surplus?.offer, JSON.stringify(posted));
  const { id, recipientId, surplusId } = posted.surplus.offer;
  const offer = { offerId: id as OfferId, recipientId: recipientId as RecipientId };
  let lot: Offered = { lotId: surplusId as LotId, version: posted.surplus.version, offer };
  for (const asked of before) {
    const answer = await one(by, asked(lot));
    if ('ok' in answer && answer.ok && answer.surplus) lot = { ...lot, version: answer.surplus.version };
  }
  if (due !== undefined) await pool.query(due);
  return lot;
}

/** A digest of all rows of each table. */
async function everything(tables = TABLES): Promise<Record<string, string>> {
  const digests = tables.map(async (table) => {
    const sql = `select md5(string_agg(t::text, ';' order by t::text)) as digest from ${table} t`;
    return [table, (await pool.query<{ digest: string }>(sql)).rows[0]?.digest ?? ''] as const;
  });
  return Object.fromEntries(await Promise.all(digests));
}

/** Offers whose grams a recipient is held to, in Redis and by PostgreSQL's rows. */
async function tokens(): Promise<{ readonly held: readonly string[]; readonly due: readonly string[] }> {
  const below = keys.of(GENERATION);
  const held = await Promise.all(['a', 'b', 'bank'].map((id) => redis.client.hkeys(below.tokens(id))));
  const { rows } = await pool.query<{ offer_id: string }>(
    `select offer_id from offer where state in ('open', 'claimed')`,
  );
  return { held: held.flat().sort(), due: rows.map((row) => row.offer_id).sort() };
}

async function ownedBy(owner: string): Promise<boolean> {
  const { rows } = await pool.query<{ owner: string }>('select owner from cell');
  return rows[0]?.owner === owner;
}

async function brokenLots(): Promise<number> {
  const { rows } = await pool.query<{ lots: string }>(
    'select count(*) as lots from (select lot_id from matching_history group by lot_id having count(*) <> max(version)) broken',
  );
  return Number(rows[0]?.lots);
}

interface Trial {
  readonly where: string;
  readonly wasStale: boolean;
}

/** @param isOwner it owned the cell before, with its cache; else it takes it in this turn. null: the turn has fewer awaits than this */
async function trial(
  name: string,
  isOwner: boolean,
  n: number,
  world: (real: CellPorts) => CellPorts = (real) => real,
): Promise<Trial | null> {
  const gate = pausedAt(world(worldPorts(pool, candidates, 'zombie')), n);
  const zombie = host('zombie', () => gate.ports);
  const scene = SCENES[name];
  assert.ok(scene);
  const lot = await fixture(scene, isOwner ? zombie : host('first'));
  const command = scene.of(lot);
  const asItWas = await everything(['lot', 'offer']);
  gate.arm();
  const turning = one(zombie, command).finally(() => gate.ended());
  const where = await gate.reached;
  if (where === null) {
    assert.notDeepEqual(await everything(['lot', 'offer']), asItWas, `${name}: left alone it changes nothing`);
    return null;
  }

  const heldEpoch = await ownedBy('zombie');

  const successor = host('successor');
  const askedMs = performance.now();
  const acts = [await one(successor, postOf()), await one(successor, cancelOf(lot))];
  const tookMs = performance.now() - askedMs;
  const what = `${name}${isOwner ? ' by the owner' : ''}, paused ${where} (await ${String(n)})`;
  assert.ok(tookMs < SUCCESSOR_WITHIN_MS, `${what}: the successor took ${String(tookMs)} ms`);
  assert.ok(
    acts.every((act) => 'ok' in act),
    `${what}: ${JSON.stringify(acts)}`,
  );

  const before = await everything();
  gate.goOn();
  const answer = await turning;
  if (heldEpoch) assert.deepEqual(await everything(), before, `${what}: it changed a row after it had been replaced`);
  else assert.ok('moved' in answer || (await ownedBy('zombie')), `${what}: it answered without owning the cell`);
  assert.equal(await brokenLots(), 0, `${what}: a version of a lot was written twice, or never`);
  // A wake leaves no row to be answered from, an event only where it did something.
  if ('ok' in answer && command.fingerprint !== null)
    assert.deepEqual(answer, await one(host('third'), command), `${what}: its answer does not stand`);
  const { held, due } = await tokens();
  const missing = due.filter((offerId) => !held.includes(offerId));
  assert.deepEqual(missing, [], `${what}: live offers lost their grams in Redis`);
  return { where, wasStale: heldEpoch && 'moved' in answer };
}

const PLAYED = Object.entries(SCENES).flatMap(([name, { due }]) =>
  (due === undefined ? [false, true] : [false]).map((isOwner) => [name, isOwner] as const),
);

it('a host paused at any await of any turn writes nothing once it is replaced', { timeout: 120_000 }, async (t) => {
  const trials: Trial[] = [];
  for (const [name, isOwner] of PLAYED) {
    for (let n = 0; n < MAX_AWAITS; n++) {
      const done = await trial(name, isOwner, n);
      if (done === null) break;
      trials.push(done);
    }
  }
  const stale = trials.filter(({ wasStale }) => wasStale).length;
  t.diagnostic(`${String(trials.length)} trials, ${String(stale)} stale turns refused, 0 stale writes accepted`);
  assert.ok(trials.length >= 180, `only ${String(trials.length)} trials`);
  assert.ok(stale >= trials.length / 3, 'the fence had work to do');
});

it('a fence that lets everybody pass would be seen here', async () => {
  const unfenced = (real: CellPorts): CellPorts => ({
    ...real,
    store: {
      ...real.store,
      write: async (turn) => {
        const { rows } = await pool.query<{ epoch: string }>('select epoch from cell');
        return await real.store.write({ ...turn, epoch: rows[0]?.epoch ?? '' });
      },
    },
  });
  const outcomes: string[] = [];
  for (let n = 0; n < 6; n++) {
    // A post: a stale step of a lot that has gone on would be refused for its version too.
    outcomes.push(await trial('post', true, n, unfenced).then(() => 'nothing', String));
  }
  assert.match(outcomes.join(), /changed a row after it had been replaced/);
});

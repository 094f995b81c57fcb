/** Two hosts: the one that owns the cell is killed, or hangs; the other takes over, and what wakes up late writes nothing. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import pg from 'pg';
import { startHelsinki, type Helsinki } from './helsinki.ts';
import { breadOf, signIn, until, type Person, type SurplusSeen } from './people.ts';

let helsinki: Helsinki;
let donor: Person;
let operator: Person;
let pool: pg.Pool;

before(
  async () => {
    helsinki = await startHelsinki({}, { 'actor-host': 2 });
    donor = await signIn(helsinki, 'donor', await helsinki.aDonor());
    operator = await signIn(helsinki, 'operator');
    pool = new pg.Pool({ connectionString: helsinki.stack.env['DATABASE_URL'], max: 2 });
  },
  { timeout: 180_000 },
);
after(async () => {
  await pool.end();
  await helsinki.stop();
});

let keys = 0;
/** Posts until it is answered, under one key. @returns the surplus and how long it took */
async function postThrough(): Promise<{ surplus: SurplusSeen; tookMs: number }> {
  const key = `failover-${String(keys++)}`;
  const body = breadOf({ quantityGrams: 600 });
  const startedMs = performance.now();
  const answer = await until(
    'a post is answered',
    () => donor.post<SurplusSeen>('/v1/surplus', body, key).catch(() => null),
    (seen) => seen?.status === 201,
    20_000,
  );
  assert.ok(answer);
  return { surplus: answer.body, tookMs: performance.now() - startedMs };
}

/** The host that owns the cell now, by the process id it wrote at activation. */
async function owner(cell: string): Promise<{ name: string; epoch: number }> {
  const { rows } = await pool.query<{ owner: string; epoch: string; cell_id: string }>(
    'select owner, epoch, cell_id from cell',
  );
  const row = rows.find((each) => BigInt.asUintN(64, BigInt(each.cell_id)).toString(16).startsWith(cell));
  const name = ['actor-host', 'actor-host-2'].find(
    (each) => row?.owner === `actor-host/${String(helsinki.stack.process(each).pid)}`,
  );
  assert.ok(row && name, `${cell} is owned by ${String(row?.owner)}`);
  return { name, epoch: Number(row.epoch) };
}

async function balanced(): Promise<void> {
  const { body } = await operator.get<Record<string, number>>('/v1/stats');
  const { postedGrams = 0, collectedGrams = 0, expiredGrams = 0, cancelledGrams = 0, openGrams = 0 } = body;
  assert.equal(postedGrams, collectedGrams + expiredGrams + cancelledGrams + openGrams);
}

it(
  'NATS is away, and all that was told to begin meanwhile works without it; what happened is told once it is back',
  { timeout: 120_000 },
  async () => {
    const { stack } = helsinki;
    await stack.process('nats').stop();
    const begun = ['api', 'actor-host', 'actor-host-2', 'worker', 'relay'];
    for (const name of begun) stack.process(name).kill('SIGKILL');
    const { surplus } = await postThrough();
    assert.ok(surplus.offer, `it is ${surplus.state}`);
    for (const name of begun) await stack.process(name).ready(20_000);
    const letters = await operator.get<{ type: string }>('/v1/dead-letters');
    assert.deepEqual([letters.status, letters.body.type.split('/').at(-1)], [503, 'unavailable']);
    await stack.process('nats').start();
    const unpublished = async (): Promise<number> =>
      Number((await pool.query('select from outbox where published_at is null')).rowCount);
    await until('all is published', unpublished, (rows) => rows === 0, 20_000);
    const untold = async (): Promise<number> =>
      Number((await pool.query("select from offer where state = 'open' and notified_at is null")).rowCount);
    await until('its recipient is told', untold, (rows) => rows === 0, 20_000);
    assert.equal((await operator.get('/v1/dead-letters')).status, 200);
    await balanced();
  },
);

it('the owner is killed: the other host answers within five seconds', { timeout: 60_000 }, async () => {
  const { surplus } = await postThrough();
  const before = await owner(surplus.id.split('-')[0] ?? '');
  helsinki.stack.process(before.name).kill('SIGKILL');
  const { tookMs } = await postThrough();
  assert.ok(tookMs < 5_000, `${String(Math.round(tookMs))} ms`);
  await helsinki.stack.process(before.name).ready(30_000);
  await balanced();
});

it(
  'the owner hangs, with its sidecar: the other takes over, and the epoch rises; awake again, it writes nothing stale',
  { timeout: 90_000 },
  async () => {
    const { surplus } = await postThrough();
    const cell = surplus.id.split('-')[0] ?? '';
    const hung = await owner(cell);
    const parts = [hung.name, `${hung.name}.daprd`];
    for (const part of parts) helsinki.pause(part);
    let tookMs: number;
    try {
      ({ tookMs } = await postThrough());
      const successor = await owner(cell);
      assert.notEqual(successor.name, hung.name);
      assert.ok(successor.epoch > hung.epoch, 'the epoch rises with the owner');
    } finally {
      for (const part of parts) helsinki.resume(part);
    }
    assert.ok(tookMs < 10_000, `${String(Math.round(tookMs))} ms`);
    const accepted = await Promise.all(Array.from({ length: 10 }, () => postThrough()));
    assert.equal(new Set(accepted.map((each) => each.surplus.id)).size, 10);
    const { rows } = await pool.query<{ lots: string }>(
      'select count(*) as lots from (select lot_id from matching_history group by lot_id having count(*) <> max(version)) broken',
    );
    assert.equal(rows[0]?.lots, '0', 'every version of every lot was written once');
    await balanced();
  },
);

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import pg from 'pg';
import { pino } from 'pino';
import { tokenOfSigned } from '#core/geo/cell.ts';
import { connectBus, type Bus } from '#adapters/nats/bus.ts';
import { createPublish, type Publish } from '#adapters/nats/publish.ts';
import { createStreamKeeper, DEAD_LETTERS, ensureStreams, LOTS } from '#adapters/nats/streams.ts';
import { joinMembers } from '#adapters/postgres/sql/members.ts';
import { renewSlots, takeSlots } from '#adapters/postgres/sql/relaySlots.ts';
import { createPool } from '#adapters/postgres/pool.ts';
import type { OutboxRow } from '#adapters/postgres/sql/readOutbox.ts';
import { newUuid } from '#adapters/ids/uuid.ts';
import {
  startNats,
  startPostgres,
  until,
  type NatsProcess,
  type PostgresProcess,
} from '../../dev/testing/loopServers.ts';
import { poolAsking, regionsGoTogether } from '../../dev/testing/pools.ts';
import { startRelayApp, type RelayApp } from './app.ts';
import { createOutbox } from './outbox.ts';
import { createRelay } from './relay.ts';
import { BATCH, relayBatch, type BatchPorts, type Outbox } from './relayBatch.ts';

/** Three regions of level 9, signed. */
const REGIONS = ['5064317193404317696', '3344470571319943168', '-6917529027641081856'].map((id) => {
  const token = tokenOfSigned(id);
  return { id, token };
});
const FIRST = REGIONS[0] ?? assert.fail();

let postgres: PostgresProcess;
let nats: NatsProcess;
let pool: pg.Pool;
/** the services' role, with its grants and its timeouts */
let appPool: pg.Pool;
let bus: Bus;
const apps: RelayApp[] = [];
const log = pino({ level: 'silent' });

before(async () => {
  [postgres, nats] = await Promise.all([startPostgres(), startNats({ maxPayloadBytes: 65_536 })]);
  pool = new pg.Pool({ connectionString: postgres.url, max: 20 });
  appPool = createPool(postgres.appUrl, 'test', 20);
  bus = await connectBus({ url: nats.url, name: 'test' });
});
after(async () => {
  await bus.close();
  await Promise.all([pool.end(), appPool.end()]);
  await Promise.all([postgres.stop(), nats.stop()]);
});
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.stop()));
  await pool.query('truncate outbox');
  await ensureStreams(bus.jsm);
  await bus.jsm.streams.purge(LOTS);
  await bus.jsm.streams.purge(DEAD_LETTERS);
});

async function relayNamed(owner: string): Promise<RelayApp> {
  const app = await startRelayApp({ pool: appPool, bus, streams: { replicas: 1, maxGiB: 1 }, log, owner });
  apps.push(app);
  return app;
}

interface Event {
  readonly lot: string;
  readonly version: number;
  readonly region?: { id: string; token: string };
  readonly payload?: Uint8Array;
  readonly subject?: string;
  /** of when the clock was not set back yet: its partition is today's or yesterday's, and both are there */
  readonly minutesAgo?: number;
}

async function insert(events: readonly Event[], db: pg.Pool | pg.PoolClient = pool): Promise<string[]> {
  const ids: string[] = [];
  for (const event of events) {
    const id = newUuid(Date.now());
    ids.push(id);
    const region = event.region ?? FIRST;
    const payload = event.payload ?? Buffer.from(`${event.lot}/${String(event.version)}`);
    await db.query(
      `insert into outbox (geo_region_id, created_at, outbox_id, lot_id, lot_version, subject, payload, traceparent)
       values ($1, now() - $7 * interval '1 minute', $2, $3, $4, $5, $6, '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01')`,
      [
        region.id,
        id,
        event.lot,
        event.version,
        event.subject ?? `lot.${region.token}.offered`,
        Buffer.from(payload),
        event.minutesAgo ?? 0,
      ],
    );
  }
  return ids;
}

async function unpublished(): Promise<number> {
  const { rows } = await pool.query<{ count: string }>('select count(*) from outbox where published_at is null');
  return Number(rows[0]?.count);
}

/** What the stream holds, in its order. */
async function stored(stream = LOTS): Promise<{ subject: string; text: string; traceparent: string; id: string }[]> {
  const { state } = await bus.jsm.streams.info(stream);
  const found = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
    const message = await bus.jsm.streams.getMessage(stream, { seq });
    if (message === null) continue;
    const { subject, header } = message;
    found.push({
      subject,
      text: message.string(),
      traceparent: header.get('traceparent'),
      id: header.get('Nats-Msg-Id'),
    });
  }
  return found;
}

/** Each lot's versions as the stream has them. */
function versionsByLot(texts: readonly string[]): Map<string, number[]> {
  const versions = new Map<string, number[]>();
  for (const text of texts) {
    const [lot = '', version] = text.split('/');
    versions.set(lot, [...(versions.get(lot) ?? []), Number(version)]);
  }
  return versions;
}

function assertInOrder(texts: readonly string[]): void {
  for (const [lot, versions] of versionsByLot(texts)) {
    assert.deepEqual(
      versions,
      [...versions].sort((a, b) => a - b),
      `versions of ${lot}`,
    );
    assert.equal(new Set(versions).size, versions.length, `each version of ${lot} once`);
  }
}

function outboxWith(change: Partial<Outbox> = {}): Outbox {
  return { ...createOutbox(pool), ...change };
}

function portsWith(change: Partial<BatchPorts> = {}): BatchPorts {
  return { outbox: outboxWith(), publish: publisher(), owns: () => true, nowMs: Date.now, ...change };
}

function publisher(): Publish {
  return createPublish(bus, createStreamKeeper(bus));
}

test('regions that are asked for at once go in one statement, each with its own rows; one that is behind goes apart', async (t) => {
  const asked: string[] = [];
  const counted = poolAsking(pool, (what) => {
    asked.push(what.name ?? '');
    return pool.query(what);
  });
  if (!(await regionsGoTogether(pool))) return t.skip('Citus has a statement for each');
  const outbox = createOutbox(counted);
  const events = REGIONS.flatMap((region, n) =>
    [1, 2, 3].slice(n).map((version) => ({ lot: `lot${String(n)}`, version, region })),
  );
  await insert(events);
  const due = (): Promise<(readonly OutboxRow[])[]> => Promise.all(REGIONS.map(({ id }) => outbox.due(id, 3)));
  const textsOf = (lists: readonly (readonly OutboxRow[])[]): string[][] =>
    lists.map((rows) => rows.map(({ payload }) => payload.toString()));
  const lists = await due();
  assert.deepEqual(textsOf(lists), [['lot0/1', 'lot0/2', 'lot0/3'], ['lot1/2', 'lot1/3'], ['lot2/3']]);
  // The first list is full.
  await Promise.all(REGIONS.map(({ id }, n) => outbox.mark(id, lists[n] ?? [])));
  assert.deepEqual(textsOf(await due()), [[], [], []]);
  const statements = asked.filter((name) => name !== '').sort();
  assert.deepEqual(statements, [
    'mark-published',
    'mark-published-of-regions',
    'read-outbox',
    'read-outbox-of-regions',
    'read-outbox-of-regions',
  ]);
});

test('a statement that fails for many regions is one failure: all are asked again soon', async () => {
  let failures = 0;
  const askedAgain = new Set<string>();
  const due = (region: string): Promise<readonly OutboxRow[]> => {
    if (failures < REGIONS.length) {
      failures++;
      return Promise.reject(new Error('away for a moment'));
    }
    askedAgain.add(region);
    return Promise.resolve([]);
  };
  const ids = REGIONS.map(({ id }) => id);
  const ports = portsWith({ outbox: outboxWith({ due }) });
  const relay = createRelay({ ...ports, regionsWithWork: () => Promise.resolve(ids), isConnected: () => true, log });
  const startMs = performance.now();
  relay.start();
  await until('all were asked again', () => Promise.resolve(askedAgain.size === REGIONS.length));
  await relay.stop();
  assert.ok(performance.now() - startMs < 1_900, 'at the next look, a second later');
});

test('publishes with Nats-Msg-Id and traceparent, each lot in order', async () => {
  const ids = await insert([
    { lot: 'b', version: 1 },
    { lot: 'a', version: 1 },
    { lot: 'a', version: 2 },
  ]);
  await relayNamed('r');
  await until('all published', async () => (await unpublished()) === 0);
  const messages = await stored();
  assert.deepEqual(new Set(messages.map((each) => each.id)), new Set(ids));
  assert.ok(messages.every((each) => each.traceparent.startsWith('00-0af7')));
  assertInOrder(messages.map((each) => each.text));
});

test('a hint makes it at once', async () => {
  await relayNamed('r');
  await until('idle', async () => (await unpublished()) === 0);
  const tookMs: number[] = [];
  for (let version = 1; version <= 5; version++) {
    await insert([{ lot: 'a', version }]);
    const startMs = performance.now();
    bus.connection.publish(`hint.outbox.${FIRST.token}`);
    await until('published', async () => (await unpublished()) === 0);
    tookMs.push(performance.now() - startMs);
  }
  tookMs.sort((a, b) => a - b);
  // the poll alone would take half a second in the middle
  assert.ok((tookMs[2] ?? Infinity) < 250, `median ${String(tookMs[2])} ms`);
});

test('a crash between publish and mark publishes again under the same id: stored once', async () => {
  await insert([
    { lot: 'a', version: 1 },
    { lot: 'a', version: 2 },
  ]);
  const crashing = outboxWith({ mark: () => Promise.reject(new Error('killed')) });
  await assert.rejects(relayBatch(portsWith({ outbox: crashing }), FIRST.id), /killed/);
  assert.equal(await unpublished(), 2);
  assert.equal((await stored()).length, 2);
  await relayNamed('r');
  await until('marked', async () => (await unpublished()) === 0);
  assert.deepEqual(
    (await stored()).map((each) => each.text),
    ['a/1', 'a/2'],
  );
});

test('two relays share the slots, and each event is stored once and in order', async () => {
  const lots = 40;
  const [one, two] = await Promise.all([relayNamed('one'), relayNamed('two')]);
  for (let version = 1; version <= 10; version++) {
    const events = Array.from({ length: lots }, (_, index) => {
      const region = REGIONS[index % REGIONS.length] ?? FIRST;
      return { lot: `lot${String(index)}`, version, region };
    });
    await insert(events);
    for (const region of REGIONS) bus.connection.publish(`hint.outbox.${region.token}`);
  }
  await until('all published', async () => (await unpublished()) === 0, 20_000);
  const texts = (await stored()).map((each) => each.text);
  assert.equal(texts.length, lots * 10);
  assertInOrder(texts);
  await until('the slots are shared', async () => {
    const held = await Promise.all([one, two].map(heldOf));
    return held.every((count) => count === 16);
  });
});

async function heldOf(app: RelayApp): Promise<number> {
  const value = await app.registry.getSingleMetric('relay_slots_held')?.get();
  return value?.values[0]?.value ?? -1;
}

test('slots of a relay that leaves are free at once', async () => {
  const one = await relayNamed('one');
  await until('one holds all', async () => (await heldOf(one)) === 32);
  await one.stop();
  const { rows } = await pool.query<{ count: string }>('select count(*) from relay_slot where owner is not null');
  assert.equal(rows[0]?.count, '0');
});

test("a dead relay's slots are free in the time of one lease, however far PostgreSQL's clock went back since", async () => {
  await pool.query("update relay_slot set owner = 'dead', leased_until = now() + interval '1 hour'");
  await pool.query("insert into member (role, owner, seen_until) values ('relay', 'dead', now() + interval '1 hour')");
  assert.deepEqual(await joinMembers(appPool, 'relay', 'alive', 300), ['alive']);
  assert.deepEqual(await takeSlots(appPool, 'alive', 300, 32), [], 'its owner may still believe in it');
  // whoever lives says so meanwhile
  await pool.query("update relay_slot set owner = 'late' where slot = 0");
  assert.deepEqual(await renewSlots(appPool, 'late', 590), [0]);
  await until('they are free', async () => (await takeSlots(appPool, 'alive', 300, 32)).length === 31, 3_000);
  await pool.query('update relay_slot set owner = null, leased_until = null');
  await pool.query('truncate member');
});

test('R8: a long transaction holds a low id while later ones commit: none is passed over', async () => {
  await relayNamed('r');
  const slow = await pool.connect();
  await slow.query('begin');
  await insert([{ lot: 'slow', version: 1 }], slow);
  const later = Array.from({ length: 250 }, (_, index) => ({ lot: `later${String(index)}`, version: 1 }));
  await insert(later);
  await until('the later ones are published', async () => (await unpublished()) === 0);
  assert.equal((await stored()).length, 250);
  await slow.query('commit');
  slow.release();
  await until('the slow one is published too', async () => (await stored()).length === 251);
});

test('NATS killed and started again: nothing is lost', async () => {
  const app = await relayNamed('r');
  await insert([{ lot: 'a', version: 1 }]);
  await until('the first is published', async () => (await unpublished()) === 0);
  await nats.kill();
  await insert([
    { lot: 'a', version: 2 },
    { lot: 'b', version: 1 },
  ]);
  await until('it is not ready', async () => (await app.missing()).includes('nats'));
  assert.equal(await unpublished(), 2);
  await nats.restart();
  await until('the rest is published', async () => (await unpublished()) === 0, 20_000);
  const texts = (await stored()).map((each) => each.text);
  assertInOrder(texts);
  assert.equal(texts.length, 3);
});

test('a deleted stream is made anew and unpublished events go on', async () => {
  await relayNamed('r');
  await insert([{ lot: 'a', version: 1 }]);
  await until('the first is published', async () => (await unpublished()) === 0);
  await bus.jsm.streams.delete(LOTS);
  await insert([{ lot: 'a', version: 2 }]);
  bus.connection.publish(`hint.outbox.${FIRST.token}`);
  await until('the second is published', async () => (await unpublished()) === 0, 20_000);
  assert.deepEqual(
    (await stored()).map((each) => each.text),
    ['a/2'],
  );
});

test('what can never be published becomes a dead letter and blocks nobody', async () => {
  await insert([
    { lot: 'big', version: 1, payload: new Uint8Array(100_000) },
    { lot: 'big', version: 2 },
    { lot: 'odd', version: 1, subject: 'not a subject' },
    { lot: 'fine', version: 1 },
  ]);
  await relayNamed('r');
  await until('all done', async () => (await unpublished()) === 0);
  assert.deepEqual(new Set((await stored()).map((each) => each.text)), new Set(['big/2', 'fine/1']));
  const letters = await stored(DEAD_LETTERS);
  assert.deepEqual(
    new Set(letters.map((each) => each.subject)),
    new Set([`dead.${FIRST.token}.undeliverable`, 'dead.none.undeliverable']),
  );
});

test('a lot whose publish failed stops there; the others go on', async () => {
  await insert([
    { lot: 'a', version: 1 },
    { lot: 'a', version: 2 },
    { lot: 'a', version: 3 },
    { lot: 'b', version: 1 },
  ]);
  const real = publisher();
  const flaky: Publish = (message) =>
    Buffer.from(message.payload).toString() === 'a/2'
      ? Promise.resolve({ stored: false, permanent: false, because: 'lost' })
      : real(message);
  const result = await relayBatch(portsWith({ publish: flaky }), FIRST.id);
  assert.equal(result.published.length, 2);
  assert.equal(result.failed.length, 1);
  assert.equal(result.blocked.length, 1);
  await relayBatch(portsWith({ publish: real }), FIRST.id);
  const texts = (await stored()).map((each) => each.text);
  assert.deepEqual(versionsByLot(texts).get('a'), [1, 2, 3]);
});

test('an earlier event that stands beyond a full batch goes first all the same, when a clock was set back', async () => {
  await insert([
    { lot: 'a', version: 1 },
    { lot: 'a', version: 3 },
  ]);
  await insert(Array.from({ length: BATCH }, (_, index) => ({ lot: `other${String(index)}`, version: 1 })));
  await insert([{ lot: 'a', version: 2 }]);
  const first = await relayBatch(portsWith(), FIRST.id);
  assert.deepEqual([first.due, first.published.length, first.blocked.length], [BATCH, BATCH + 1, 0]);
  const texts = (await stored()).map((each) => each.text);
  assert.deepEqual(versionsByLot(texts).get('a'), [1, 2, 3]);
  assert.equal(await unpublished(), 2);
});

test('more lots than a batch holds, each with its later event first, do not stop the relay', async () => {
  const lots = BATCH * 1.5;
  await insert(lotsWith(lots, { version: 2, minutesAgo: 60 }));
  await insert(lotsWith(lots, { version: 1 }));
  await relayNamed('r');
  await until('all published', async () => (await unpublished()) === 0);
  const texts = (await stored()).map((each) => each.text);
  assertInOrder(texts);
  assert.equal(texts.length, lots * 2);
});

test('when more earlier events are missing than are read at once, the lowest versions go first', async () => {
  const lots = BATCH / 2 + 10;
  for (const version of [1, 2, 3, 4]) await insert(lotsWith(lots, { version, minutesAgo: version * 10 }));
  await relayNamed('r');
  await until('all published', async () => (await unpublished()) === 0);
  const texts = (await stored()).map((each) => each.text);
  assertInOrder(texts);
  assert.equal(texts.length, lots * 4);
});

function lotsWith(count: number, event: Omit<Event, 'lot'>): Event[] {
  return Array.from({ length: count }, (_, index) => ({ lot: `lot${String(index)}`, ...event }));
}

test('who loses the region in the middle publishes no more of it; the next owner publishes the rest, and nothing twice', async () => {
  const versions = [1, 2, 3, 4];
  await insert(versions.map((version) => ({ lot: 'a', version })));
  let begun = 0;
  const real = publisher();
  const publish: Publish = async (message) => {
    begun++;
    return await real(message);
  };
  // It has published two and marked none when the next owner reads.
  const losing = portsWith({ outbox: outboxWith({ mark: async () => undefined }), publish, owns: () => begun < 2 });
  const lost = await relayBatch(losing, FIRST.id);
  assert.deepEqual([lost.published.length, lost.failed.length, lost.blocked.length], [2, 0, 2]);
  await relayBatch(portsWith({ publish: real }), FIRST.id);
  assert.equal(await unpublished(), 0);
  assert.deepEqual(
    (await stored()).map((each) => each.text),
    versions.map((version) => `a/${String(version)}`),
  );
});

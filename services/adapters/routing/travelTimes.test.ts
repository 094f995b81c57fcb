import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { after, before, beforeEach, describe, it } from 'node:test';
import type pg from 'pg';
import { register } from 'prom-client';
import { travelTimesAcceptance } from '../../../test/acceptance/travelTimes.ts';
import { startPostgres, testPool, type PostgresProcess } from '../../../dev/testing/freshDatabase.ts';
import { until, startValhalla, type ValhallaProcess } from '../../../dev/testing/servers.ts';
import { undoing } from '../../../dev/testing/undoing.ts';
import type { Journey } from '#cell/ports.ts';
import type { Place } from '#core/geo/distance.ts';
import { createRoutingEngine, type RoutingEngine } from './engine.ts';
import { createTravelStore, type TravelStore } from './travelStore.ts';
import { createTravelTimes } from './travelTimes.ts';

const STATION = { lat: 60.1719, lon: 24.9414 };
const MARKET = { lat: 60.1675, lon: 24.9527 };
const MUSEUM = { lat: 60.1752, lon: 24.9341 };
/** 10 km north of the tiles: without a limit Valhalla would start from a road in the centre */
const VANTAA = { lat: 60.265, lon: 24.95 };
const JAKARTA = { lat: -6.2, lon: 106.8 };

let postgres: PostgresProcess;
let valhalla: ValhallaProcess;
let pool: pg.Pool;

const undo = undoing();
before(async () => {
  valhalla = undo.after(await startValhalla(), (it) => it.stop());
  postgres = undo.after(await startPostgres(), (it) => it.stop());
  pool = undo.after(testPool(postgres.appUrl), (it) => it.end());
});
after(() => undo.all());
beforeEach(async () => void (await pool.query('delete from travel_time')));

function engineAt(url: string, resetMs = 200): RoutingEngine {
  return undo.after(createRoutingEngine({ url, timeoutMs: 300, resetMs }), (it) => it.stop());
}

function journey(from: Place, to: Place, mode: Journey['mode'] = 'bicycle'): Journey {
  return { from, to, mode };
}

async function metric(name: string, labels: Record<string, string>): Promise<number> {
  const values = (await register.getSingleMetric(name)?.get())?.values ?? [];
  return values.find((each) => Object.entries(labels).every(([key, value]) => each.labels[key] === value))?.value ?? 0;
}

travelTimesAcceptance('valhalla', () =>
  Promise.resolve({
    travel: createTravelTimes({ store: createTravelStore(pool), engine: engineAt(valhalla.url), deadlineMs: 2_000 }),
    stop: () => Promise.resolve(),
  }),
);

describe('travel times by roads', { concurrency: false }, () => {
  const roads = (engine: RoutingEngine | null = engineAt(valhalla.url)) =>
    createTravelTimes({ store: createTravelStore(pool), engine, deadlineMs: 2_000 });

  it('asks the engine once, keeps the answer in the table, and reads it there after a restart', async () => {
    const travel = roads();
    const journeys = [journey(STATION, MARKET), journey(STATION, MUSEUM), journey(MUSEUM, STATION, 'pedestrian')];
    await travel.warm(journeys);
    const times = journeys.map((each) => travel.of(each));
    assert.ok(
      times.every((each) => each.travelSource === 'route' && each.travelSeconds > 60 && each.travelSeconds < 1_800),
      JSON.stringify(times),
    );
    await until('another process reads them in the table', async () => {
      const again = roads(null);
      await again.warm(journeys);
      return isDeepStrictEqual(
        journeys.map((each) => again.of(each)),
        times,
      );
    });
  });

  it('one place off the map does not spoil the others, and is remembered as having no road', async () => {
    const travel = roads();
    await travel.warm([MARKET, VANTAA, MUSEUM, JAKARTA].map((to) => journey(STATION, to)));
    const sources = [MARKET, VANTAA, MUSEUM, JAKARTA].map((to) => travel.of(journey(STATION, to)).travelSource);
    assert.deepEqual(sources, ['route', 'estimate', 'route', 'estimate']);
    await until(
      'the table knows',
      async () => (await pool.query('select * from travel_time where travel_seconds = -1')).rowCount === 2,
    );
    const asked = await metric('travel_engine_seconds', { outcome: 'no-road' });
    await travel.warm([journey(STATION, VANTAA)]);
    assert.equal(await metric('travel_engine_seconds', { outcome: 'no-road' }), asked);
  });

  it('a start off the map is asked about twice, then never again', async () => {
    const travel = roads();
    const calls = async (): Promise<number> => {
      const values = (await register.getSingleMetric('travel_engine_seconds')?.get())?.values ?? [];
      return values
        .filter((each) => 'metricName' in each && each.metricName === 'travel_engine_seconds_count')
        .reduce((sum, each) => sum + each.value, 0);
    };
    const before = await calls();
    await travel.warm([MARKET, MUSEUM, STATION].map((to) => journey(JAKARTA, to, 'auto')));
    assert.equal((await calls()) - before, 2);
    await travel.warm([journey(JAKARTA, { lat: -6.21, lon: 106.8 }, 'auto')]);
    assert.equal((await calls()) - before, 2);
  });

  it('the table is read once for a place, for those that ask at once together, and again when it could not be read', async () => {
    const asked: number[] = [];
    let isAway = true;
    const store: TravelStore = {
      read: (places) => {
        asked.push(places.length);
        return isAway ? Promise.reject(new Error('gone')) : Promise.resolve([]);
      },
      keep: () => Promise.resolve(),
    };
    const travel = createTravelTimes({ store, engine: null });
    await travel.warm([journey(STATION, MARKET)]);
    isAway = false;
    await travel.warm([journey(STATION, MARKET), journey(STATION, MUSEUM)]);
    await travel.warm([journey(STATION, MARKET), journey(STATION, MUSEUM), journey(STATION, JAKARTA)]);
    await Promise.all([MUSEUM, MARKET, MUSEUM].map((from) => travel.warm([journey(from, STATION)])));
    assert.deepEqual(asked, [1, 1, 2]);
  });

  it('goes on with estimates when Valhalla is stopped mid-way, and with roads when it is back', async () => {
    const own = await startValhalla();
    const travel = roads(engineAt(own.url));
    await travel.warm([journey(STATION, MARKET)]);
    await own.kill();
    await travel.warm([journey(STATION, MUSEUM)]);
    assert.equal(travel.of(journey(STATION, MARKET)).travelSource, 'route');
    assert.equal(travel.of(journey(STATION, MUSEUM)).travelSource, 'estimate');
    await own.stop();
  });
});

describe('travel times from an engine that fails', { concurrency: false }, () => {
  let server: Server;
  let requests = 0;
  let reply: 'hang' | 'fail' | 'garbage' | 'fine' = 'fine';
  let url = '';

  before(async () => {
    server = createServer((request, response) => {
      requests++;
      request.resume();
      if (reply === 'hang') return;
      response.statusCode = reply === 'fail' ? 500 : 200;
      const fine = JSON.stringify({ sources_to_targets: { durations: [[61.4]] } });
      response.end(reply === 'fine' ? fine : reply === 'garbage' ? '<html>' : '{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => void (requests = 0));

  /** A new place each time: nothing is cached. */
  let step = 0;
  const fresh = (): Journey => journey(STATION, { lat: 60.17, lon: 24.9 + ++step / 10_000 });

  it('waits no longer than its deadline', async () => {
    reply = 'hang';
    const travel = createTravelTimes({ store: createTravelStore(pool), engine: engineAt(url) });
    const started = performance.now();
    await travel.warm([fresh()]);
    const tookMs = performance.now() - started;
    assert.ok(tookMs >= 80 && tookMs < 250, `${String(tookMs)} ms`);
  });

  for (const kind of ['fail', 'garbage', 'hang'] as const) {
    it(`three in a row (${kind}) open the breaker, and one good answer closes it`, async () => {
      reply = kind;
      const travel = createTravelTimes({ store: createTravelStore(pool), engine: engineAt(url), deadlineMs: 1_000 });
      for (let i = 0; i < 3; i++) await travel.warm([fresh()]);
      assert.equal(requests, 3);
      assert.equal(await metric('travel_breaker_state', { state: 'open' }), 1);
      const started = performance.now();
      await travel.warm([fresh()]);
      assert.equal(requests, 3, 'nothing is asked while it is open');
      assert.ok(performance.now() - started < 100);
      reply = 'fine';
      await until(
        'a probe is let through',
        async () => (await metric('travel_breaker_state', { state: 'half-open' })) === 1,
      );
      const asked = fresh();
      await travel.warm([asked]);
      assert.deepEqual(travel.of(asked), { travelSeconds: 61, travelSource: 'route' });
      assert.equal(await metric('travel_breaker_state', { state: 'closed' }), 1);
    });
  }

  it('two failures between answers do not', async () => {
    const travel = createTravelTimes({ store: createTravelStore(pool), engine: engineAt(url), deadlineMs: 1_000 });
    for (let i = 0; i < 9; i++) {
      reply = i % 3 === 2 ? 'fine' : 'fail';
      await travel.warm([fresh()]);
    }
    assert.equal(requests, 9);
  });

  it('does without the table', async () => {
    reply = 'fine';
    const broken = { read: () => Promise.reject(new Error('gone')), keep: () => Promise.reject(new Error('gone')) };
    const travel = createTravelTimes({ store: broken, engine: engineAt(url), deadlineMs: 1_000 });
    const asked = fresh();
    await travel.warm([asked]);
    assert.equal(travel.of(asked).travelSource, 'route');
  });

  it('asks once for what two turns want at the same time, and both get it', async () => {
    reply = 'fine';
    const travel = createTravelTimes({ store: createTravelStore(pool), engine: engineAt(url), deadlineMs: 1_000 });
    const asked = fresh();
    const both = [travel.warm([asked]), travel.warm([asked])];
    await both[1];
    assert.equal(travel.of(asked).travelSource, 'route');
    await both[0];
    assert.equal(requests, 1);
  });
});

/** P1 to P4 and P6 of the proofs, and the same load on what ours is compared with. */
import { chanceOf } from '../data/seed/chance.ts';
import { byChance, connectionsFor, steadily } from './generator/generate.ts';
import type { Plan, Target } from './generator/plan.ts';
import { catchUp, measure, type Measured, type Watch } from './measure.ts';
import { spotsInHottest, spotsSkewed, targetsFor, type Spot } from './posts.ts';
import type { World } from './world.ts';

const OFFER = '"offer":{';
const TIMEOUT_MS = 10_000;
const ALL_CELLS = 1_000;

export interface Bench {
  readonly world: World;
  readonly seed: string;
  readonly watch: Watch;
  readonly say: (line: string) => void;
}

export interface Load {
  readonly name: string;
  /** the fullest cells posted from; Jakarta has 193 */
  readonly cells?: number;
  /** over `cells`: who posts from where */
  readonly spots?: readonly Spot[];
  readonly connections?: number;
  readonly seconds: number;
  /** posts a second, however slow the answers; none: as many as it takes */
  readonly rate?: number;
  readonly service?: 'api' | 'baseline';
  /** the load whose posts these are once more, under their keys */
  readonly repeatOf?: string;
}

/** Posts at a rate or at saturation, from the fullest cells. */
export async function posts(bench: Bench, load: Load): Promise<Measured> {
  const { world } = bench;
  const { cells = ALL_CELLS, seconds, rate, connections = connectionsFor(rate), service = 'api' } = load;
  const port = portOf(world, service);
  const story = load.repeatOf ?? load.name;
  const random = chanceOf(bench.seed, story).fraction;
  const targets = targetsFor(world, port, load.spots ?? spotsInHottest(world.donors, cells), random);
  const plan = planOf({
    port,
    targets,
    connections,
    durationMs: seconds * 1000,
    keyPrefix: story.replaceAll(' ', '-'),
    arrivalsMs: rate === undefined ? null : steadily(rate, seconds * 1000),
  });
  const pace = rate === undefined ? `${String(connections)} connections` : `${String(rate)}/s`;
  const text = `${pace}, ${String(seconds)} s`;
  return await told(bench, measure(world, load.name, text, plan, watchOf(bench, service)));
}

/** All donors within the time, by chance, half of them from the fullest cell of their region; tokens never seen before. */
export async function herd(bench: Bench, seconds: number): Promise<Measured> {
  const { world } = bench;
  await world.signIn();
  const random = chanceOf(bench.seed, 'herd').fraction;
  const port = portOf(world, 'api');
  const targets = targetsFor(world, port, spotsSkewed(world.donors, 0.5, random), random);
  const durationMs = seconds * 1000;
  const arrivalsMs = byChance(targets.length, durationMs, random);
  const plan = planOf({ port, targets, connections: 2_000, durationMs, keyPrefix: 'herd', arrivalsMs });
  const load = `${String(targets.length)} donors in ${String(seconds)} s`;
  return await told(bench, measure(world, 'P3 herd', load, plan, watchOf(bench, 'api')));
}

/** An empty method of an actor, called through the api's sidecar: the path of our turns. */
export async function emptyActor(bench: Bench, actors: number, seconds: number): Promise<Measured> {
  const { world } = bench;
  const port = portOf(world, 'api.daprd.http');
  const head = (n: number): string =>
    [
      `PUT /v1.0/actors/EmptyActor/bench-${String(n)}/method/nothing HTTP/1.1`,
      `host: 127.0.0.1:${String(port)}`,
      `dapr-api-token: ${world.stack.env['DAPR_API_TOKEN'] ?? ''}`,
      'content-type: application/json',
      'content-length: 2\r\n',
    ].join('\r\n');
  const targets: Target[] = Array.from({ length: actors }, (_, n) => ({ head: head(n), body: '{}' }));
  const durationMs = seconds * 1000;
  const plan = planOf({
    port,
    targets,
    connections: 64,
    durationMs,
    keyPrefix: 'empty',
    arrivalsMs: null,
    lookFor: '',
  });
  const name = `empty actor call, ${String(actors)} actors`;
  const watch: Watch = { schema: null, catchUpWithinMs: 0 };
  return await told(bench, measure(world, name, `64 connections, ${String(seconds)} s`, plan, watch));
}

export interface Relayed {
  readonly events: number;
  /** from the first mark to the last */
  readonly perSecond: number;
  /** the worker's, of the same events: from the first offer marked as notified to the last */
  readonly notifiedPerSecond: number;
  /** with its start; null: not within the limit */
  readonly caughtUpSeconds: number | null;
}

const RELAYED = `select count(*) as events, extract(epoch from max(published_at) - min(published_at)) as seconds
  from outbox where published_at >= $1`;
const NOTIFIED = `select count(*) as events, extract(epoch from max(notified_at) - min(notified_at)) as seconds
  from offer where notified_at >= $1`;

/** What gathered while both were down is published by the relay, and then dealt with by the worker: each by itself. */
export async function relayAlone(bench: Bench, seconds: number): Promise<Relayed> {
  const { world } = bench;
  const [relay, worker] = [world.stack.process('relay'), world.stack.process('worker')];
  await Promise.all([relay.stop(), worker.stop()]);
  const load = { name: 'P6 posts, relay down', seconds };
  await posts({ ...bench, watch: { ...bench.watch, catchUpWithinMs: 0 } }, load);
  const began = await world.db.query<{ at: string }>('select now()::text as at');
  const since = began.rows[0]?.at ?? '';
  await relay.start();
  const caughtUpSeconds = await catchUp(world, bench.watch, false);
  await worker.start();
  await catchUp(world, bench.watch);
  const relayed = await paceOf(world, RELAYED, since);
  const notified = await paceOf(world, NOTIFIED, since);
  bench.say(
    `P6: ${String(relayed.events)} events, ${relayed.pace.toFixed(0)}/s published, ${notified.pace.toFixed(0)}/s dealt with`,
  );
  return { events: relayed.events, perSecond: relayed.pace, notifiedPerSecond: notified.pace, caughtUpSeconds };
}

async function paceOf(world: World, query: string, since: string): Promise<{ events: number; pace: number }> {
  const { rows } = await world.db.query<{ events: string; seconds: string }>(query, [since]);
  const events = Number(rows[0]?.events);
  return { events, pace: events / Number(rows[0]?.seconds) };
}

function planOf(given: Omit<Plan, 'timeoutMs' | 'lookFor'> & { readonly lookFor?: string }): Plan {
  return { timeoutMs: TIMEOUT_MS, lookFor: OFFER, ...given };
}

function portOf(world: World, name: string): number {
  const port = world.stack.ports[name];
  if (port === undefined) throw new Error(`no port ${name}`);
  return port;
}

function watchOf(bench: Bench, service: 'api' | 'baseline'): Watch {
  return { ...bench.watch, schema: service === 'api' ? 'public' : 'baseline' };
}

async function told(bench: Bench, measuring: Promise<Measured>): Promise<Measured> {
  const result = await measuring;
  const { name, load, perSecond, p50Ms, p95Ms, p99Ms } = result;
  const latency = [p50Ms, p95Ms, p99Ms].map((ms) => ms.toFixed(0)).join('/');
  bench.say(
    `${name} (${load}): ${perSecond.toFixed(0)}/s, p50/95/99 ${latency} ms, ${JSON.stringify(result.statuses)}`,
  );
  return result;
}

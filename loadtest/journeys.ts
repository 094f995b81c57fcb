/** P2 for people: post, push, accept, at a constant rate, each timed from when it was due. */
import { createECDH, randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'undici';
import { chanceOf } from '../data/seed/chance.ts';
import { percentile } from './generator/generate.ts';
import { bodyOf, spotsInHottest } from './posts.ts';
import type { Bench } from './scenarios.ts';

/** Milliseconds at the 50th, 95th and 99th percentile. */
export type Percentiles = readonly [p50: number, p95: number, p99: number];

export interface Journeys {
  readonly rate: number;
  readonly posted: number;
  /** offers of which a push came */
  readonly pushed: number;
  readonly accepted: number;
  readonly post: Percentiles;
  /** from when the post was due to the push at the recipient's push service */
  readonly push: Percentiles;
  /** from the push to the answer of the accept */
  readonly accept: Percentiles;
}

interface Offered {
  readonly dueMs: number;
  readonly offerId: string;
}

interface Run {
  readonly api: Pool;
  readonly bench: Bench;
  readonly times: { readonly post: number[]; readonly push: number[]; readonly accept: number[] };
  /** of each recipient, offers not pushed yet, oldest first */
  readonly offered: Map<string, Offered[]>;
  /** pushes that came before the answer to their post */
  readonly early: Map<string, number[]>;
}

const SETTLE_MS = 3_000;
const CALLS_AT_ONCE = 64;

/** Every recipient has one phone; who gets the push accepts at once. */
export async function journeys(bench: Bench, rate: number, seconds: number): Promise<Journeys> {
  const port = bench.world.stack.ports['api'] ?? 0;
  const api = new Pool(`http://127.0.0.1:${String(port)}`, { connections: CALLS_AT_ONCE, pipelining: 1 });
  const times = { post: [], push: [], accept: [] };
  const run: Run = { api, bench, times, offered: new Map(), early: new Map() };
  const phones = createServer((request, response) => {
    response.writeHead(201).end();
    pushed(run, (request.url ?? '').slice(1), performance.now());
  });
  try {
    await new Promise<void>((resolve) => phones.listen(0, '127.0.0.1', resolve));
    await subscribeAll(run, phones);
    const posts = await postSteadily(run, rate, seconds);
    await pause(SETTLE_MS);
    return summary(run, rate, posts);
  } finally {
    phones.closeAllConnections();
    phones.close();
    // these phones are gone: nobody shall knock there in the scenarios to come
    await bench.world.db.query('delete from push_subscription');
    await api.close();
  }
}

function summary({ times }: Run, rate: number, posted: number): Journeys {
  return {
    rate,
    posted,
    pushed: times.push.length,
    accepted: times.accept.length,
    post: percentilesOf(times.post),
    push: percentilesOf(times.push),
    accept: percentilesOf(times.accept),
  };
}

function percentilesOf(times: readonly number[]): Percentiles {
  const sorted = Float64Array.from(times).sort();
  return [percentile(sorted, 0.5), percentile(sorted, 0.95), percentile(sorted, 0.99)];
}

async function subscribeAll({ api, bench }: Run, phones: Server): Promise<void> {
  const { port } = phones.address() as AddressInfo;
  for (const [recipient, token] of bench.world.recipientTokens) {
    const keys = {
      p256dh: createECDH('prime256v1').generateKeys('base64url'),
      auth: randomBytes(16).toString('base64url'),
    };
    const endpoint = `http://127.0.0.1:${String(port)}/${recipient}`;
    const { status, text } = await call(api, token, '/v1/push-subscriptions', { endpoint, keys });
    if (status !== 201) throw new Error(`subscribing ${recipient}: ${String(status)} ${text}`);
  }
}

async function postSteadily(run: Run, rate: number, seconds: number): Promise<number> {
  const { world, seed } = run.bench;
  const spots = spotsInHottest(world.donors, Number.POSITIVE_INFINITY);
  const random = chanceOf(seed, 'journeys').fraction;
  const startMs = performance.now();
  const posts = rate * seconds;
  const underway: Promise<void>[] = [];
  for (let n = 0; n < posts; n++) {
    const dueMs = startMs + (n * 1000) / rate;
    const spot = spots[Math.floor(random() * spots.length)];
    await pause(Math.max(0, dueMs - performance.now()));
    if (spot !== undefined) underway.push(post(run, spot.donor.id, bodyOf(spot), dueMs));
  }
  await Promise.all(underway);
  return posts;
}

async function post(run: Run, donor: string, body: object, dueMs: number): Promise<void> {
  const { status, text } = await call(run.api, run.bench.world.tokens.get(donor) ?? '', '/v1/surplus', body);
  if (status !== 201) return;
  run.times.post.push(performance.now() - dueMs);
  const { offer } = JSON.parse(text) as { offer: { id: string; recipientId: string } | null };
  if (offer === null) return;
  queueOf(run.offered, offer.recipientId).push({ dueMs, offerId: offer.id });
  const early = queueOf(run.early, offer.recipientId).shift();
  if (early !== undefined) pushed(run, offer.recipientId, early);
}

/** Pushes are sealed; a recipient's come in the order of its offers, near enough for percentiles. */
function pushed(run: Run, recipient: string, atMs: number): void {
  const offered = queueOf(run.offered, recipient).shift();
  if (offered === undefined) {
    queueOf(run.early, recipient).push(atMs);
    return;
  }
  run.times.push.push(atMs - offered.dueMs);
  void accept(run, recipient, offered.offerId);
}

async function accept({ api, bench, times }: Run, recipient: string, offerId: string): Promise<void> {
  const startMs = performance.now();
  const token = bench.world.recipientTokens.get(recipient) ?? '';
  const { status } = await call(api, token, `/v1/offers/${offerId}/accept`, {});
  if (status === 200) times.accept.push(performance.now() - startMs);
}

function queueOf<Item>(queues: Map<string, Item[]>, key: string): Item[] {
  const queue = queues.get(key) ?? [];
  queues.set(key, queue);
  return queue;
}

async function call(api: Pool, token: string, path: string, body: object): Promise<{ status: number; text: string }> {
  const response = await api.request({
    method: 'POST',
    path,
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'idempotency-key': randomBytes(12).toString('hex'),
    },
    body: JSON.stringify(body),
  });
  return { status: response.statusCode, text: await response.body.text() };
}

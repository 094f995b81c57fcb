import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { createApi, NoAnswer, type Api } from './api.ts';
import { planEvening } from './evening.ts';
import { readLedger, type Stats } from './ledger.ts';
import { createDice, pickWeighted } from './random.ts';
import { readSettings } from './settings.ts';
import { percentile, type Posted } from './tally.ts';

let server: Server;
let url = '';
let requests: { key: string; authorization: string }[] = [];
/** what the API answers, in turn; `reset`: the connection breaks */
let script: (number | 'reset' | { status: number; body: object })[] = [];

before(async () => {
  server = createServer((request, response) => {
    if (request.url === '/token') {
      response.end(JSON.stringify({ token: `token${String(requests.length)}` }));
      return;
    }
    const { headers } = request;
    requests.push({ key: String(headers['idempotency-key']), authorization: String(headers.authorization) });
    const step = script.shift() ?? 200;
    if (step === 'reset') {
      request.socket.destroy();
      return;
    }
    const { status, body } = typeof step === 'number' ? { status: step, body: {} } : step;
    response.writeHead(status, { 'retry-after': '0' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
});
after(() => {
  server.close();
  server.closeAllConnections();
});
beforeEach(() => {
  requests = [];
  script = [];
});

function api(): Api {
  return createApi({ apiUrl: url, issuerUrl: url });
}

const DONOR = { role: 'donor', org: 'hki-d1' } as const;

test('tries again through breaks, 5xx, limits and in-flight, with the same key; then takes the answer', async () => {
  const inFlight = { status: 409, body: { type: 'https://example.org/docs/errors/in-flight' } };
  script = ['reset', 503, 429, inFlight, { status: 201, body: { id: 'x' } }];
  const calling = api();
  const answer = await calling.call(DONOR, 'POST', '/v1/surplus', { key: 'k', body: {} });
  assert.equal(answer.status, 201);
  assert.deepEqual(
    requests.map((each) => each.key),
    ['k', 'k', 'k', 'k', 'k'],
  );
  assert.equal(calling.retries(), 4);
});

test('an expired token is asked anew; a refusal is an answer', async () => {
  script = [401, { status: 409, body: { type: '/docs/errors/offer-lapsed' } }];
  const answer = await api().call(DONOR, 'POST', '/v1/offers/x/accept', { key: 'k', body: {} });
  assert.equal(answer.problem, 'offer-lapsed');
  assert.notEqual(requests[0]?.authorization, requests[1]?.authorization);
});

test('after the deadline there is no answer', async () => {
  script = Array.from({ length: 50 }, () => 503);
  await assert.rejects(api().call(DONOR, 'POST', '/v1/surplus', { key: 'k', deadlineMs: 400 }), NoAnswer);
});

test('an evening is the same for the same seed, another for another', () => {
  const donors = Array.from({ length: 50 }, (_, index) => ({
    id: `d${String(index)}`,
    categories: ['bakery', 'prepared'],
  }));
  const settings = readSettings(['--seed=1', '--donors=20', '--speed=120'], {});
  const plan = planEvening(settings, donors);
  assert.deepEqual(planEvening(settings, [...donors].reverse()), plan);
  assert.notDeepEqual(planEvening({ ...settings, seed: '2' }, donors), plan);
  assert.equal(new Set(plan.map((post) => post.donorId)).size, 20);
  assert.equal(new Set(plan.map((post) => post.key)).size, plan.length);
  const lastMs = (settings.minutes * 60_000) / 120;
  assert.ok(plan.every((post) => post.atMs >= 0 && post.atMs <= lastMs && Number.isInteger(post.quantityGrams)));
});

test('odds are weights', () => {
  const dice = createDice('seed');
  const odds = { accept: 3, decline: 1 };
  const rolls = Array.from({ length: 2_000 }, (_, index) => pickWeighted(odds, dice('roll', index)));
  const share = rolls.filter((each) => each === 'accept').length / rolls.length;
  assert.ok(Math.abs(share - 0.75) < 0.05, String(share));
});

test('settings: flags win over the environment, mistakes are explained', () => {
  assert.equal(readSettings(['--speed=30'], { SPEED: '10' }).speed, 30);
  assert.equal(readSettings([], { DONORS: '7' }).donors, 7);
  assert.throws(() => readSettings(['--sped=3'], {}), /There is no --sped/);
  assert.throws(() => readSettings([], { MINUTES: 'many' }), /MINUTES must be a number/);
});

test('percentiles by nearest rank', () => {
  assert.equal(percentile([], 0.5), null);
  assert.equal(percentile([4, 1, 3, 2], 0.5), 2);
  assert.equal(percentile([1, 2, 3, 4], 0.95), 4);
});

const BOOKS: Stats = {
  postedGrams: 1_000,
  collectedGrams: 600,
  collectedViaFallbackGrams: 0,
  expiredGrams: 0,
  cancelledGrams: 100,
  openGrams: 300,
};
const NOTHING: Stats = { ...BOOKS, postedGrams: 0, collectedGrams: 0, cancelledGrams: 0, openGrams: 0 };

async function ledgerOf(surplus: { status: number; body: object }, stats: Stats): Promise<readonly string[]> {
  script = [surplus, { status: 200, body: stats }];
  const posted = new Map<string, Posted>([['x', { id: 'x', donorId: 'hki-d1', quantityGrams: 1_000, offered: true }]]);
  return (await readLedger(api(), posted, NOTHING)).faults;
}

test('the ledger balances, or says what does not', async () => {
  const lots = [{ id: 'y', state: 'rematching', quantityGrams: 400 }];
  const split = { status: 200, body: { id: 'x', state: 'collected', quantityGrams: 600, lots } };
  assert.deepEqual(await ledgerOf(split, BOOKS), []);
  assert.match((await ledgerOf({ status: 404, body: {} }, BOOKS)).join(), /lost: x/);
  const short = { status: 200, body: { id: 'x', state: 'collected', quantityGrams: 600, lots: [] } };
  assert.match((await ledgerOf(short, BOOKS)).join(), /its lots hold 600 g/);
  assert.match((await ledgerOf(split, { ...BOOKS, openGrams: 299 })).join(), /999 g/);
  assert.match((await ledgerOf(split, { ...BOOKS, postedGrams: 900, openGrams: 200 })).join(), /only 900 g more/);
});

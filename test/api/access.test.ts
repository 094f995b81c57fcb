/** Every route × who asks: the expected answer of each. A route that isn't in the table, or a row without a route, fails. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import { newUuid } from '#adapters/ids/uuid.ts';
import { DeadLetterSchema } from '#proto/gen/pahlawan/v1/events_pb.js';
import { operationsOf, type Operation } from './openapi.ts';
import {
  food,
  HELSINKI,
  inHours,
  newKey,
  registerDonor,
  registerRecipient,
  startWorld,
  type Reply,
  type World,
} from './world.ts';

/** A fresh lot of `kitchen`, offered to `holder`; `bystander` is another recipient. */
interface Stage {
  readonly lotId: string;
  readonly offerId: string;
  readonly holder: string;
  readonly bystander: string;
  readonly deadLetterSeq: number;
}

interface Row {
  /** status for the organisation it is about (or any, where it is about none) */
  readonly own: number;
  /** for another organisation of an allowed role; null: there is no other's */
  readonly other: number | null;
  readonly operator?: number;
  readonly body?: (stage: Stage) => unknown;
  readonly headers?: Record<string, string>;
  readonly claimFirst?: boolean;
}

const nothingSigned = { clientDataJSON: 'e30', authenticatorData: 'AA', signature: 'AA' };
const noPasskey = { id: 'AA', rawId: 'AA', type: 'public-key', clientExtensionResults: {} };
const digest = 'a'.repeat(64);
const windowId = '018f3c5e-7a10-4c1b-9d2e-0123456789ab';
const everyEvening = {
  timeOfDay: '21:30',
  weekdays: [1, 2, 3, 4, 5, 6, 7],
  category: 'bakery',
  storage: 'ambient',
  quantityGrams: 5_000,
  goodForMinutes: 240,
};
const inAWeek = new Date(Date.now() + 7 * 86_400_000).toISOString().slice(0, 10);
const registration = (id: string): object => ({ id, name: 'New', location: HELSINKI, timeZone: 'Asia/Jakarta' });
let count = 0;

const EXPECTED: Record<string, Row> = {
  'POST /v1/surplus': { own: 201, other: null, body: () => food() },
  'GET /v1/surplus': { own: 200, other: null, operator: 200 },
  'GET /v1/surplus/{id}': { own: 200, other: 404, operator: 200 },
  'DELETE /v1/surplus/{id}': { own: 200, other: 404 },
  'POST /v1/surplus/{id}/assign': {
    own: 403,
    other: null,
    operator: 200,
    body: ({ bystander }) => ({ recipientId: bystander, reason: 'they rang' }),
  },
  'POST /v1/surplus/{id}/withdraw': { own: 403, other: null, operator: 200, body: () => ({ reason: 'no van' }) },
  'POST /v1/surplus/{id}/extend': {
    own: 403,
    other: null,
    operator: 200,
    body: () => ({ until: inHours(1), reason: 'on the way' }),
  },
  'POST /v1/surplus/{id}/cancel': { own: 403, other: null, operator: 200, body: () => ({ reason: 'spoiled' }) },
  'GET /v1/offers': { own: 200, other: null, operator: 400 },
  'GET /v1/offers/{id}': { own: 200, other: 404, operator: 200 },
  'POST /v1/offers/{id}/accept': { own: 200, other: 404 },
  'POST /v1/offers/{id}/decline': { own: 200, other: 404, body: () => ({ reason: 'full' }) },
  'POST /v1/offers/{id}/release': { own: 200, other: 404, body: () => ({ reason: 'van broke' }), claimFirst: true },
  'POST /v1/offers/{id}/handover': { own: 409, other: 404, body: () => ({ code: '00000000' }), claimFirst: true },
  'GET /v1/offers/{id}/handover-code': { own: 200, other: 404 },
  'GET /v1/donors': { own: 403, other: null, operator: 200 },
  'POST /v1/donors': { own: 403, other: null, operator: 201, body: () => registration(`donor-${String(count++)}`) },
  'GET /v1/donors/{id}': { own: 200, other: 404, operator: 200 },
  'PATCH /v1/donors/{id}': {
    own: 200,
    other: 404,
    operator: 200,
    body: () => ({ active: true }),
    headers: { 'if-match': '*' },
  },
  'GET /v1/donors/{id}/reports/{month}': { own: 200, other: 404, operator: 200 },
  'GET /v1/recipients': { own: 403, other: null, operator: 200 },
  'POST /v1/recipients': {
    own: 403,
    other: null,
    operator: 201,
    body: () => ({
      ...registration(`recipient-${String(count++)}`),
      active: false,
      categories: ['dry'],
      storages: ['ambient'],
      travelMode: 'auto',
      capacityGrams: 1,
      dailyCapacityGrams: 1,
      weeklyNeedGrams: 1,
    }),
  },
  'GET /v1/recipients/{id}': { own: 200, other: 404, operator: 200 },
  'PATCH /v1/recipients/{id}': {
    own: 200,
    other: 404,
    operator: 200,
    body: () => ({ needs: { bakery: 1 } }),
    headers: { 'if-match': '*' },
  },
  'POST /v1/donors/{id}/pause': { own: 403, other: null, operator: 200, body: () => ({ reason: 'spoilt' }) },
  'POST /v1/donors/{id}/resume': { own: 403, other: null, operator: 200, body: () => ({ reason: 'settled' }) },
  'POST /v1/recipients/{id}/pause': { own: 403, other: null, operator: 200, body: () => ({ reason: 'flooded' }) },
  'POST /v1/recipients/{id}/resume': { own: 403, other: null, operator: 200, body: () => ({ reason: 'dry again' }) },
  'POST /v1/push-subscriptions': {
    own: 201,
    other: null,
    body: () => ({
      endpoint: 'https://push.example.com/abc',
      keys: { p256dh: 'BA', auth: 'aa' },
      expirationTime: null,
    }),
  },
  'DELETE /v1/push-subscriptions/{id}': { own: 204, other: null },
  'POST /v1/push-subscriptions/{id}/heartbeat': { own: 404, other: null, body: () => ({}) },
  'GET /v1/phone-number': { own: 200, other: null },
  'PUT /v1/phone-number': { own: 204, other: null, body: () => ({ phone: '+62 812 3456 7890', language: 'id' }) },
  'DELETE /v1/phone-number': { own: 204, other: null },
  'GET /v1/push-subscriptions/key': { own: 200, other: null, operator: 200 },
  'POST /v1/auth/link': { own: 401, other: null, body: () => ({ token: 'A'.repeat(43) }) },
  'POST /v1/auth/refresh': { own: 401, other: null },
  'POST /v1/auth/sign-out': { own: 204, other: null },
  'POST /v1/auth/sign-out-everywhere': { own: 204, other: null, operator: 204 },
  'POST /v1/auth/links': {
    own: 403,
    other: null,
    operator: 201,
    body: () => ({ role: 'donor', organisationId: 'kitchen' }),
  },
  'POST /v1/auth/passkeys/registration/options': { own: 200, other: null, operator: 200 },
  'POST /v1/auth/passkeys/registration': {
    own: 403,
    other: null,
    operator: 403,
    body: () => ({ response: { ...noPasskey, response: { clientDataJSON: 'e30', attestationObject: 'AA' } } }),
  },
  'POST /v1/auth/passkeys/authentication/options': { own: 200, other: null },
  'POST /v1/auth/passkeys/authentication': {
    own: 403,
    other: null,
    body: () => ({ response: { ...noPasskey, response: nothingSigned } }),
  },
  'PUT /v1/photos/{id}': { own: 400, other: null },
  'GET /v1/surplus/{id}/photo': { own: 404, other: 404, operator: 404 },
  'GET /v1/windows': { own: 200, other: null },
  'PUT /v1/windows/{id}': { own: 200, other: 404, body: () => everyEvening },
  'PUT /v1/windows/{id}/skips/{day}': { own: 200, other: 404 },
  'DELETE /v1/windows/{id}/skips/{day}': { own: 200, other: 404 },
  // nothing of theirs is there: that is what they asked for
  'DELETE /v1/windows/{id}': { own: 204, other: 204 },
  'GET /v1/auth/passkeys': { own: 200, other: null, operator: 200 },
  'DELETE /v1/auth/passkeys/{id}': { own: 404, other: null, operator: 404 },
  'GET /v1/recipients/{id}/impact': { own: 200, other: 404, operator: 200 },
  'GET /v1/me': { own: 200, other: null, operator: 200 },
  'GET /v1/stream': { own: 200, other: null, operator: 200 },
  'GET /v1/stats': { own: 403, other: null, operator: 200 },
  'GET /v1/oversight/recipients': { own: 403, other: null, operator: 200 },
  'GET /v1/oversight/donors': { own: 403, other: null, operator: 200 },
  'GET /v1/oversight/hours': { own: 403, other: null, operator: 200 },
  'GET /v1/audit': { own: 403, other: null, operator: 200 },
  'GET /v1/dead-letters': { own: 403, other: null, operator: 200 },
  'POST /v1/dead-letters/{seq}/replay': { own: 403, other: null, operator: 200 },
  'POST /v1/dead-letters/{seq}/discard': { own: 403, other: null, operator: 200 },
};

let world: World;
let operations: Operation[];

before(async () => {
  world = await startWorld();
  await registerDonor(world, 'kitchen');
  await registerDonor(world, 'bakery');
  await registerRecipient(world, 'shelter');
  await registerRecipient(world, 'fridge');
  operations = await operationsOf(world);
});
after(() => world.stop());

async function deadLetter(lotId: string): Promise<number> {
  const letter = create(DeadLetterSchema, {
    deadLetterId: newUuid(Date.now()),
    cause: 'rematch-exhausted',
    lotId,
    region: '1',
    atMs: 1n,
  });
  const outcome = await world.publish({
    id: newKey(),
    subject: 'dead.1.rematch-exhausted',
    payload: toBinary(DeadLetterSchema, letter),
    traceparent: null,
  });
  assert.ok(outcome.stored);
  const { body } = await world.ask('GET', '/v1/dead-letters?limit=100', { as: 'operator' });
  return body.items.at(-1).seq as number;
}

async function setStage(): Promise<Stage> {
  await world.ask('POST', '/v1/donors/kitchen/resume', { as: 'operator', key: newKey(), body: { reason: 'next' } });
  const posted = await world.ask('POST', '/v1/surplus', { as: 'donor:kitchen', key: newKey(), body: food() });
  const { id, offer } = posted.body;
  const holder = offer.recipientId as string;
  const deadLetterSeq = await deadLetter(id);
  await world.ask('PUT', `/v1/windows/${windowId}`, { as: 'donor:kitchen', body: everyEvening });
  return {
    lotId: id,
    offerId: offer.id,
    holder,
    bystander: holder === 'shelter' ? 'fridge' : 'shelter',
    deadLetterSeq,
  };
}

function urlOf({ path }: Operation, stage: Stage): string {
  const id = path.startsWith('/v1/offers')
    ? stage.offerId
    : path.startsWith('/v1/donors')
      ? 'kitchen'
      : path.startsWith('/v1/recipients')
        ? stage.holder
        : path.startsWith('/v1/push')
          ? digest
          : stage.lotId;
  if (path.startsWith('/v1/photos')) return path.replace('{id}', windowId);
  if (path.startsWith('/v1/windows')) return path.replace('{id}', windowId).replace('{day}', inAWeek);
  const month = new Date().toISOString().slice(0, 7);
  return path.replace('{month}', month).replace('{id}', id).replace('{seq}', String(stage.deadLetterSeq));
}

async function asked(operation: Operation, row: Row, stage: Stage, as: string | null): Promise<Reply> {
  if (row.claimFirst === true && as === `recipient:${stage.holder}`) {
    await world.ask('POST', `/v1/offers/${stage.offerId}/accept`, { as, key: newKey() });
  }
  const body = row.body?.(stage);
  return await world.ask(operation.method, urlOf(operation, stage), {
    key: newKey(),
    ...(as === null ? {} : { as }),
    ...(body === undefined ? {} : { body }),
    ...(row.headers === undefined ? {} : { headers: row.headers }),
  });
}

/** Injected requests wait for an end that a stream has not. */
async function streamStatus(as: string | null): Promise<number> {
  const abort = new AbortController();
  const headers = as === null ? {} : { authorization: `Bearer ${await world.token(as)}` };
  const response = await fetch(`${world.url}/v1/stream`, { headers, signal: abort.signal });
  abort.abort();
  return response.status;
}

function expectedFor(operation: Operation, row: Row, role: string, isOwn: boolean): number | null {
  if (operation.roles === null) return row.own;
  if (!operation.roles.includes(role)) return 403;
  if (role === 'operator') return row.operator ?? null;
  return isOwn ? row.own : (row.other ?? row.own);
}

describe('every route × who asks', () => {
  it('the table and the OpenAPI document name the same routes', () => {
    assert.deepEqual(Object.keys(EXPECTED).sort(), operations.map((each) => each.name).sort());
  });

  it('each answers as expected, and its good answers are as described', async () => {
    for (const operation of operations) {
      const row = EXPECTED[operation.name];
      assert.ok(row !== undefined, operation.name);
      for (const who of ['none', 'donor own', 'donor other', 'recipient own', 'recipient other', 'operator']) {
        const stage = await setStage();
        const [role = '', which] = who.split(' ');
        const organisation = {
          donor: { own: 'kitchen', other: 'bakery' },
          recipient: { own: stage.holder, other: stage.bystander },
        };
        const as =
          role === 'none'
            ? null
            : role === 'operator'
              ? 'operator'
              : `${role}:${organisation[role as 'donor'][which as 'own']}`;
        const expected: number | null =
          as === null ? (operation.roles === null ? row.own : 401) : expectedFor(operation, row, role, which === 'own');
        const name = `${operation.name} as ${who}`;
        assert.ok(expected !== null, `${name}: no expected answer`);
        if (operation.path === '/v1/stream') {
          assert.equal(await streamStatus(as), expected, name);
          continue;
        }
        const reply = await asked(operation, row, stage, as);
        assert.equal(reply.status, expected, `${name}: ${reply.text}`);
        if (expected === 204) continue;
        const check = operation.answers.get(expected);
        if (expected < 300) assert.equal(check === undefined ? 'not described' : check(reply.body), null, name);
        else assert.match(reply.headers['content-type'] ?? '', /^application\/problem\+json/);
      }
    }
  });

  it('a token of an organisation that is not there, or is of the other kind, is refused everywhere', async () => {
    const stage = await setStage();
    for (const operation of operations.filter((each) => each.roles !== null)) {
      for (const as of ['donor:nobody', 'recipient:nobody', 'donor:shelter', 'recipient:kitchen']) {
        const reply = await asked(operation, EXPECTED[operation.name] ?? { own: 0, other: 0 }, stage, as);
        assert.equal(reply.status, 403, `${operation.name} as ${as}: ${reply.text}`);
      }
    }
  });

  it('other methods get 405 and what is allowed', async () => {
    const stage = await setStage();
    const paths = new Map<string, Operation[]>();
    for (const operation of operations) paths.set(operation.path, [...(paths.get(operation.path) ?? []), operation]);
    for (const [path, there] of paths) {
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].filter(
        (each) => !there.some((one) => one.method === each),
      )) {
        const reply = await world.ask(method, urlOf(there[0] as Operation, stage), { as: 'operator' });
        assert.equal(reply.status, 405, `${method} ${path}: ${reply.text}`);
        assert.equal(
          reply.headers['allow'],
          there
            .map((each) => each.method)
            .sort()
            .join(', '),
        );
      }
    }
  });
});

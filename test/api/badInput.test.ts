/** Bad input on every route, made from the API's own description: a clear problem, no 5xx, nothing stored. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { PROBLEMS, type ProblemCode } from '../../services/api/problems.ts';
import { checkOf, operationsOf, type Operation, type Schema } from './openapi.ts';
import { food, newKey, registerDonor, registerRecipient, startWorld, type Reply, type World } from './world.ts';

let world: World;
let operations: Operation[];
let lotId = '';
let offerId = '';
let holder = '';

before(async () => {
  world = await startWorld();
  await registerDonor(world, 'kitchen');
  await registerRecipient(world, 'shelter');
  operations = await operationsOf(world);
  const { body } = await world.ask('POST', '/v1/surplus', { as: 'donor:kitchen', key: newKey(), body: food() });
  ({ id: lotId } = body);
  ({ id: offerId, recipientId: holder } = body.offer);
});
after(() => world.stop());

/** How many rows there are, table by table, and the newest version of what changes in place. */
async function stored(): Promise<string> {
  const tables = [
    'donor',
    'recipient',
    'region',
    'cell',
    'lot',
    'offer',
    'matching_history',
    'command',
    'outbox',
    'push_subscription',
    'audit_log',
    'session',
    'passkey',
  ];
  const counts = tables.map((table) => `(select count(*) from ${table}) as ${table}`).join(', ');
  const { rows } = await world.pool.query(
    `select ${counts}, (select sum(version) from lot) as lots, (select sum(version) from donor) as donors,
      (select sum(version) from recipient) as recipients, (select sum(wrong_codes) from offer) as codes`,
  );
  return JSON.stringify(rows);
}

function callerOf({ roles, path }: Operation): string {
  if (roles?.includes('recipient') === true && !path.startsWith('/v1/donors')) return `recipient:${holder}`;
  return roles?.includes('donor') === true ? 'donor:kitchen' : 'operator';
}

function urlOf({ path }: Operation, id?: string): string {
  const own = path.startsWith('/v1/offers')
    ? offerId
    : path.startsWith('/v1/surplus')
      ? lotId
      : path.startsWith('/v1/donors')
        ? 'kitchen'
        : path.startsWith('/v1/recipients')
          ? 'shelter'
          : 'a'.repeat(64);
  return path.replace('{id}', id ?? own).replace('{seq}', id ?? '1');
}

const ask = async (operation: Operation, body: unknown, headers: Record<string, string> = {}): Promise<Reply> =>
  await world.ask(operation.method, urlOf(operation), {
    as: callerOf(operation),
    key: newKey(),
    body,
    headers: { 'if-match': '*', ...headers },
  });

function assertProblem(reply: Reply, what: string, statuses: readonly number[] = [400]): void {
  assert.ok(statuses.includes(reply.status), `${what}: ${String(reply.status)} ${reply.text.slice(0, 300)}`);
  assert.match(reply.headers['content-type'] ?? '', /^application\/problem\+json/, what);
  const code = String(reply.body.type).replace('/docs/errors/', '') as ProblemCode;
  assert.equal(PROBLEMS[code].status, reply.status, what);
  assert.ok(String(reply.body.detail).length > 0, what);
}

function example(schema: Schema): unknown {
  if (schema.anyOf !== undefined) return example(schema.anyOf[0]);
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.format === 'date-time') return '2030-01-01T00:00:00Z';
  if (schema.pattern === '^[0-9]{8}$') return '12345678';
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === 'object') {
    const names = (schema.required ?? []) as string[];
    const filled = names.length === 0 && schema.minProperties > 0 ? Object.keys(schema.properties).slice(0, 1) : names;
    return Object.fromEntries(filled.map((name) => [name, example(schema.properties[name])]));
  }
  if (type === 'array') return Array.isArray(schema.items) ? schema.items.map(example) : [];
  if (type === 'integer' || type === 'number') return Math.max(1, schema.minimum ?? 1);
  return type === 'boolean' ? true : 'text';
}

const OF_NO_TYPE = [
  null,
  true,
  0,
  -1,
  1.5,
  1e21,
  '',
  'x',
  '1',
  [],
  {},
  [[]],
  { $ne: 1 },
  'x'.repeat(3_000),
  '\u0000',
  'a\ud800',
];

/** The example with one field spoilt, for every field however deep. */
function spoilt(schema: Schema, value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  const entries = Object.entries<Schema>(schema.properties ?? {});
  const mine = entries.flatMap(([name, each]) => {
    const wrong = OF_NO_TYPE.map((other) => ({ ...value, [name]: other }));
    const deeper = spoilt(each, example(each)).map((inner) => ({ ...value, [name]: inner }));
    return [...wrong, ...deeper];
  });
  const without = ((schema.required ?? []) as string[]).map((name) =>
    Object.fromEntries(Object.entries(value).filter(([key]) => key !== name)),
  );
  return [...mine, ...without, { ...value, unknownField: 1 }, { ...value, constructor: 1 }];
}

describe('bodies', () => {
  it('every field spoilt in every way, on every route: refused by name, nothing stored', async () => {
    const before = await stored();
    let tried = 0;
    for (const operation of operations.filter((each) => each.body !== null)) {
      const isValid = checkOf(operation.body);
      for (const body of spoilt(operation.body, example(operation.body))) {
        const text = JSON.stringify(body);
        const holdsBadText = /\\u0000|\\ud800/.test(text);
        if (isValid(body) === null && !holdsBadText) continue;
        tried++;
        assertProblem(await ask(operation, text), `${operation.name} ${text.slice(0, 200)}`);
      }
    }
    assert.ok(tried > 500, `only ${String(tried)} tried`);
    assert.equal(await stored(), before);
  });

  it('any JSON at all: never a 5xx, and what the description refuses is refused', async () => {
    const withBody = operations.filter((each) => each.body !== null);
    const checks = new Map(withBody.map((each) => [each.name, checkOf(each.body)]));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...withBody), fc.jsonValue(), async (operation, body) => {
        const reply = await ask(operation, JSON.stringify(body));
        assert.ok(reply.status < 500, `${operation.name} ${JSON.stringify(body)}: ${reply.text}`);
        if (checks.get(operation.name)?.(body) !== null) assertProblem(reply, operation.name, [400, 404, 409, 415]);
      }),
      { numRuns: 300 },
    );
  });

  it('what is not JSON, too large, too deep, or of another type', async () => {
    const before = await stored();
    for (const operation of operations.filter((each) => each.body !== null)) {
      for (const text of [
        '{',
        '{"a":1,}',
        'null',
        '[]',
        '"x"',
        '{"a":NaN}',
        '{"a":1e999}',
        '{"__proto__":{"x":1}}',
        '\u0000',
        '{'.repeat(10_000),
      ]) {
        assertProblem(await ask(operation, text), `${operation.name} ${text.slice(0, 30)}`);
      }
      assertProblem(await ask(operation, `{"reason":${'['.repeat(500)}${']'.repeat(500)}}`), operation.name);
      assertProblem(await ask(operation, JSON.stringify({ note: 'x'.repeat(70_000) })), operation.name, [413]);
      for (const type of [
        'text/plain',
        'application/xml',
        'multipart/form-data; boundary=x',
        'application/x-www-form-urlencoded',
        'nonsense',
      ]) {
        assertProblem(await ask(operation, '{"a":1}', { 'content-type': type }), `${operation.name} ${type}`, [415]);
      }
    }
    assert.equal(await stored(), before);
  });

  it('a time without its zone, of no calendar or out of reason; readyFrom after safeUntil', async () => {
    const bad = [
      '2030-01-01T00:00:00',
      '2030-01-01',
      '2030-13-01T00:00:00Z',
      '2030-02-30T00:00:00Z',
      '2030-01-01T25:00:00Z',
      '0001-01-01T00:00:00Z',
      '9999-12-31T23:59:59Z',
      'tomorrow',
      '1893456000',
    ];
    for (const safeUntil of bad) {
      assertProblem(
        await world.ask('POST', '/v1/surplus', { as: 'donor:kitchen', key: newKey(), body: food({ safeUntil }) }),
        safeUntil,
      );
    }
    for (const [ready, until] of [['2031-01-01T00:00:00Z', '2030-01-01T00:00:00Z']]) {
      assertProblem(
        await world.ask('POST', '/v1/surplus', {
          as: 'donor:kitchen',
          key: newKey(),
          body: food({ readyFrom: ready, safeUntil: until }),
        }),
        'readyFrom',
      );
    }
    for (const hours of [-1, 24 * 31]) {
      const body = food({ safeUntil: new Date(Date.now() + hours * 3_600_000).toISOString() });
      const reply = await world.ask('POST', '/v1/surplus', { as: 'donor:kitchen', key: newKey(), body });
      assert.equal(reply.body.type, '/docs/errors/unsafe');
    }
  });

  it('unknown fields are named', async () => {
    const reply = await world.ask('POST', '/v1/surplus', {
      as: 'donor:kitchen',
      key: newKey(),
      body: food({ colour: 'red' }),
    });
    assert.deepEqual(reply.body.errors, [{ field: '/colour', detail: 'is not known here' }]);
  });
});

describe('paths, queries, headers', () => {
  const otherCell = '4692098';
  const ids = [
    'x',
    '..',
    '%00',
    '%ff',
    "1';drop table lot;--",
    'a'.repeat(300),
    `${otherCell}-019abcde-0000-7000-8000-000000000000`,
    'ffffffffffffffff-019abcde-0000-7000-8000-000000000000',
    '46920a84-ffffffff-ffff-7fff-bfff-ffffffffffff',
    '46920a84-00000000-0000-7000-8000-000000000000',
    'NaN',
    '-1',
    '1e3',
    '💥',
  ];

  it('bad ids on every route', async () => {
    const before = await stored();
    for (const operation of operations.filter((each) => /\{/.test(each.path))) {
      for (const id of ids) {
        const url = urlOf(operation, id.startsWith('%') ? id : encodeURIComponent(id));
        const body = operation.body === null ? undefined : example(operation.body);
        const reply = await world.ask(operation.method, url, {
          as: callerOf(operation),
          key: newKey(),
          headers: { 'if-match': '*' },
          ...(body === undefined ? {} : { body }),
        });
        assertProblem(reply, `${operation.method} ${url}`, [400, 404]);
      }
    }
    assert.equal(await stored(), before);
  });

  it('bad queries on every list', async () => {
    for (const operation of operations.filter((each) => each.parameters.some((one) => one.in === 'query'))) {
      const queries = [
        'limit=0',
        'limit=101',
        'limit=x',
        'limit=',
        'limit=1&limit=2',
        'limit=1.5',
        'limit=1e1',
        'cursor=x',
        'cursor=',
        `cursor=${'x'.repeat(400)}`,
        'cursor=%00',
        'unknown=1',
        `cursor=${Buffer.from('["x","y"]').toString('base64url')}`,
        `cursor=${Buffer.from('[1e300,"y"]').toString('base64url')}`,
      ];
      const states = operation.parameters.some((one) => one.name === 'state')
        ? ['state=nope', 'state=', 'state=open&state=claimed', 'state=%00']
        : [];
      for (const query of [...queries, ...states]) {
        assertProblem(
          await world.ask(operation.method, `${operation.path}?${query}`, { as: callerOf(operation) }),
          `${operation.path}?${query}`,
        );
      }
    }
  });

  it('bad keys, ETags and URLs', async () => {
    const asksForKey = (each: Operation): boolean =>
      each.parameters.some((one) => one.name === 'idempotency-key' && one.required === true);
    assert.ok(operations.filter(asksForKey).length >= 10);
    for (const operation of operations.filter(asksForKey)) {
      const body = operation.body === null ? undefined : example(operation.body);
      const as = callerOf(operation);
      const none = await world.ask('POST', urlOf(operation), { as, ...(body === undefined ? {} : { body }) });
      assertProblem(none, operation.name);
      assert.equal(none.body.type, '/docs/errors/idempotency-key-missing', operation.name);
      for (const key of ['a b', 'x'.repeat(256), 'é', '\u007f']) {
        assertProblem(
          await world.ask('POST', urlOf(operation), { as, key, ...(body === undefined ? {} : { body }) }),
          `${operation.name} key ${key}`,
        );
      }
    }
    for (const tag of ['3', 'W/"3"', '"x"', '"1", "2"', '"99999999999"']) {
      assertProblem(
        await world.ask('DELETE', `/v1/surplus/${lotId}`, { as: 'donor:kitchen', headers: { 'if-match': tag } }),
        tag,
      );
    }
    assertProblem(
      await world.ask('PATCH', '/v1/donors/kitchen', { as: 'donor:kitchen', body: { active: true } }),
      'no If-Match',
      [428],
    );
    for (const url of [
      '/v1/surplus/%',
      '/v1/%zz',
      '/v1/nothing',
      '//',
      '/v1/surplus/',
      '/docs/errors/../../package.json',
      '/docs/errors/%2e%2e%2fREADME',
    ]) {
      const reply = await world.ask('GET', url, { as: 'donor:kitchen' });
      assertProblem(reply, url, [400, 404]);
    }
  });

  it('what is not even HTTP gets a problem too', async () => {
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(new URL(world.url).port), '127.0.0.1', () => socket.write('NONSENSE\r\n\r\n'));
      let text = '';
      socket.on('data', (part) => (text += String(part)));
      socket.on('end', () => resolve(text));
      socket.on('error', reject);
    });
    assert.match(answer, /^HTTP\/1\.1 400 /);
    assert.match(answer, /application\/problem\+json/);
  });
});

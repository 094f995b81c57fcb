import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { until } from '../../dev/testing/servers.ts';
import { food, newKey, registerDonor, registerRecipient, startWorld, type Reply, type World } from './world.ts';

let world: World;
before(async () => {
  world = await startWorld();
  await registerDonor(world, 'kitchen');
  await registerRecipient(world, 'shelter');
});
after(() => world.stop());

const change = (body: object, tag: string, as = 'recipient:shelter', headers = {}): Promise<Reply> =>
  world.ask('PATCH', '/v1/recipients/shelter', { as, body, headers: { 'if-match': tag, ...headers } });

describe('an organisation', () => {
  it('changes what it tells, version by version, with an audit row each', async () => {
    const before = await world.ask('GET', '/v1/recipients/shelter', { as: 'recipient:shelter' });
    const tag = String(before.headers['etag']);
    const after = await change({ capacityGrams: 5, needs: { bakery: 0.5 } }, tag, 'recipient:shelter', {
      'audit-reason': 'fridge broke',
    });
    assert.equal(after.status, 200, after.text);
    assert.deepEqual(
      [after.body.capacityGrams, after.body.needs, after.body.version],
      [5, { bakery: 0.5 }, before.body.version + 1],
    );
    assert.equal((await change({ active: false }, tag)).status, 412);
    const { rows } = await world.pool.query(
      `select * from audit_log where subject = 'recipient:shelter' and action = 'recipient.change'`,
    );
    assert.equal(rows.length, 1);
    assert.deepEqual(
      [
        rows[0].actor_role,
        rows[0].actor_organisation,
        rows[0].why,
        rows[0].before.capacityGrams,
        rows[0].after.capacityGrams,
      ],
      ['recipient', 'shelter', 'fridge broke', 100_000_000, 5],
    );
  });

  it('of two changes at once, one is told it is stale', async () => {
    const tag = String((await world.ask('GET', '/v1/recipients/shelter', { as: 'operator' })).headers['etag']);
    const replies = await Promise.all([change({ dailyCapacityGrams: 7 }, tag), change({ dailyCapacityGrams: 8 }, tag)]);
    assert.deepEqual(replies.map((each) => each.status).sort(), [200, 412]);
  });

  it('is believed by the matching at once', async () => {
    await change({ capacityGrams: 50_000, dailyCapacityGrams: 50_000, active: false }, '*');
    const paused = await world.ask('POST', '/v1/surplus', { as: 'donor:kitchen', key: newKey(), body: food() });
    assert.equal(paused.body.offer, null);
    await change({ active: true }, '*');
    await until('it is offered food again', async () => {
      const posted = await world.ask('POST', '/v1/surplus', {
        as: 'donor:kitchen',
        key: newKey(),
        body: food({ quantityGrams: 600 }),
      });
      return posted.body.offer?.recipientId === 'shelter';
    });
  });

  it('a donor who is paused posts nothing; what it posted before keeps its answer, and its key', async () => {
    const post = (key: string): Promise<Reply> =>
      world.ask('POST', '/v1/surplus', { as: 'donor:kitchen', key, body: before });
    const pause = (active: boolean): Promise<Reply> =>
      world.ask('PATCH', '/v1/donors/kitchen', { as: 'operator', body: { active }, headers: { 'if-match': '*' } });
    const before = food();
    const [taken, refused] = [newKey(), newKey()];
    const first = await post(taken);
    assert.equal(first.status, 201, first.text);
    assert.equal((await pause(false)).status, 200);
    const no = await post(refused);
    assert.deepEqual([no.status, no.body.type], [409, '/docs/errors/donor-paused'], no.text);
    const again = await post(taken);
    assert.deepEqual([again.status, again.body.id], [201, first.body.id], again.text);
    assert.equal(
      (await world.ask('DELETE', `/v1/surplus/${String(first.body.id)}`, { as: 'donor:kitchen' })).status,
      200,
    );
    assert.equal((await pause(true)).status, 200);
    assert.equal((await post(refused)).status, 409, 'a key keeps its answer');
    assert.equal((await post(newKey())).status, 201);
  });

  it('keeps its contact sealed in the row, and takes it back', async () => {
    await change({ contact: { email: 'help@shelter.example' } }, '*');
    const { rows } = await world.pool.query(
      `select contact_cipher, contact_key_id from recipient where recipient_id = 'shelter'`,
    );
    assert.equal(rows[0].contact_key_id, 'k1');
    assert.equal(rows[0].contact_cipher.includes('shelter.example'), false);
    assert.deepEqual((await world.ask('GET', '/v1/recipients/shelter', { as: 'recipient:shelter' })).body.contact, {
      email: 'help@shelter.example',
    });
    assert.equal(
      (await world.ask('GET', '/v1/recipients', { as: 'operator' })).text.includes('shelter.example'),
      false,
    );
    await change({ contact: null }, '*');
    assert.equal((await world.ask('GET', '/v1/recipients/shelter', { as: 'recipient:shelter' })).body.contact, null);
  });

  it('tells its hours as intervals or in OpenStreetMap words, not both', async () => {
    const osm = await change({ openingHours: 'Mo-Fr 08:00-16:00' }, '*');
    assert.deepEqual([osm.body.hours[0], osm.body.openingHours], [[480, 960], 'Mo-Fr 08:00-16:00']);
    const intervals = await change({ hours: [[0, 60]] }, '*');
    assert.deepEqual([intervals.body.hours, intervals.body.openingHours], [[[0, 60]], null]);
    const twice = [
      [540, 720],
      [720, 1_020],
    ];
    assert.deepEqual((await change({ hours: twice }, '*')).body.hours, twice);
    for (const body of [
      { hours: [[60, 60]] },
      {
        hours: [
          [540, 720],
          [700, 1_020],
        ],
      },
      // Sunday past midnight meets Monday morning
      {
        hours: [
          [30, 60],
          [10_000, 10_120],
        ],
      },
      { hours: [[0, 60]], openingHours: '24/7' },
      { openingHours: 'when the moon is full' },
    ]) {
      assert.equal((await change(body, '*')).status, 400, JSON.stringify(body));
    }
  });

  it('what is told is no longer derived', async () => {
    await world.pool.query(
      `update recipient set derived = '{capacityGrams,needs,hours}' where recipient_id = 'shelter'`,
    );
    assert.deepEqual((await change({ capacityGrams: 9_000 }, '*')).body.derived, ['needs', 'hours']);
  });

  it('is listed by operators, page by page', async () => {
    for (const id of ['a', 'b', 'c']) await registerDonor(world, id);
    const first = await world.ask('GET', '/v1/donors?limit=3', { as: 'operator' });
    const second = await world.ask('GET', `/v1/donors?limit=3&cursor=${String(first.body.nextCursor)}`, {
      as: 'operator',
    });
    assert.deepEqual(
      [...first.body.items, ...second.body.items].map((each: { id: string }) => each.id),
      ['a', 'b', 'c', 'kitchen'],
    );
    assert.equal(second.body.nextCursor, null);
  });

  it('is in a zone with a name: an offset knows no summer time, and POSIX reads it the other way round', async () => {
    for (const timeZone of ['+07:00', '+0700', '-01', 'Mars/Base', 'GMT+7']) {
      const reply = await registerDonor(world, 'zoned', { timeZone });
      assert.deepEqual([reply.status, reply.body.errors?.[0]?.field], [400, '/timeZone'], timeZone);
      assert.match(reply.text, /IANA/);
    }
    for (const [n, timeZone] of ['UTC', 'Etc/GMT+7', 'Asia/Jakarta'].entries())
      assert.equal((await registerDonor(world, `zoned-${String(n)}`, { timeZone })).status, 201, timeZone);
  });
});

describe('a push subscription', () => {
  it('is sealed, moves with the browser, and goes', async () => {
    const body = { endpoint: 'https://push.example.com/secret', keys: { p256dh: 'BA', auth: 'aa' } };
    const made = await world.ask('POST', '/v1/push-subscriptions', { as: 'recipient:shelter', key: newKey(), body });
    assert.equal(made.status, 201, made.text);
    const rows = async () =>
      (await world.pool.query('select role, organisation_id, cipher from push_subscription')).rows;
    assert.equal((await rows())[0].cipher.includes('secret'), false);
    const moved = await world.ask('POST', '/v1/push-subscriptions', { as: 'donor:kitchen', key: newKey(), body });
    assert.equal(moved.body.id, made.body.id);
    assert.deepEqual(
      (await rows()).map((each) => each.organisation_id),
      ['kitchen'],
    );
    await world.ask('DELETE', `/v1/push-subscriptions/${String(made.body.id)}`, { as: 'recipient:shelter' });
    assert.equal((await rows()).length, 1);
    for (let times = 0; times < 2; times++)
      assert.equal(
        (await world.ask('DELETE', `/v1/push-subscriptions/${String(made.body.id)}`, { as: 'donor:kitchen' })).status,
        204,
      );
    assert.equal((await rows()).length, 0);
  });

  it('at a private address is refused', async () => {
    for (const endpoint of [
      'https://10.0.0.1/x',
      'https://169.254.169.254/latest',
      'http://push.example.com/x',
      'ftp://x',
      'nonsense',
    ]) {
      const body = { endpoint, keys: { p256dh: 'BA', auth: 'aa' } };
      const reply = await world.ask('POST', '/v1/push-subscriptions', { as: 'donor:kitchen', key: newKey(), body });
      assert.equal(reply.status, 400, `${endpoint}: ${reply.text}`);
    }
  });
});

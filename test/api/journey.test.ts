import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  food,
  newKey,
  registerDonor,
  registerRecipient,
  startWorld,
  TAMPERE,
  type Reply,
  type World,
} from './world.ts';

let world: World;
before(async () => {
  world = await startWorld();
  for (const reply of [
    await registerDonor(world, 'kitchen'),
    await registerDonor(world, 'other-kitchen'),
    await registerRecipient(world, 'shelter'),
    await registerRecipient(world, 'fridge', { location: { lat: 60.19, lon: 24.97 } }),
  ]) {
    assert.equal(reply.status, 201, reply.text);
  }
});
after(() => world.stop());

const post = (body: object = food(), key = newKey()): Promise<Reply> =>
  world.ask('POST', '/v1/surplus', { as: 'donor:kitchen', key, body });

const recipientOf = (offer: { recipientId: string }): string => `recipient:${offer.recipientId}`;

describe('a surplus from post to handover', () => {
  it('is offered with reasons, accepted in part, handed over with the code', async () => {
    const posted = await post(food({ note: 'Lasagne 🍝', servings: 20 }));
    assert.equal(posted.status, 201, posted.text);
    const { id, offer } = posted.body;
    assert.equal(posted.headers['location'], `/v1/surplus/${id}`);
    assert.equal(posted.headers['etag'], `"${String(posted.body.version)}"`);
    assert.equal(offer.recipientId, 'shelter');
    assert.ok(offer.reasons.length > 0);

    const open = await world.ask('GET', '/v1/offers?state=open', { as: 'recipient:shelter' });
    assert.deepEqual(
      open.body.items.map((each: { id: string }) => each.id),
      [offer.id],
    );
    assert.equal(
      (await world.ask('GET', `/v1/offers/${offer.id}`, { as: 'recipient:shelter' })).body.donor.contact,
      null,
    );

    const accepted = await world.ask('POST', `/v1/offers/${offer.id}/accept`, {
      as: 'recipient:shelter',
      key: newKey(),
      body: { quantityGrams: 6_000 },
    });
    assert.equal(accepted.status, 200, accepted.text);
    assert.deepEqual([accepted.body.state, accepted.body.quantityGrams], ['claimed', 6_000]);
    const claimed = await world.ask('GET', `/v1/offers/${offer.id}`, { as: 'recipient:shelter' });
    assert.deepEqual(claimed.body.donor, { id: 'kitchen', name: 'Kitchen kitchen', contact: { phone: '+358 40 1' } });

    const code = await world.ask('GET', `/v1/offers/${offer.id}/handover-code`, { as: 'donor:kitchen' });
    assert.equal(code.headers['cache-control'], 'no-store');
    assert.match(code.body.code, /^\d{8}$/);
    const handover = (digits: string): Promise<Reply> =>
      world.ask('POST', `/v1/offers/${offer.id}/handover`, {
        as: 'recipient:shelter',
        key: newKey(),
        body: { code: digits },
      });
    const wrong = code.body.code === '00000000' ? '00000001' : '00000000';
    assert.equal((await handover(wrong)).body.type, '/docs/errors/wrong-code');
    const done = await handover(code.body.code);
    assert.deepEqual([done.status, done.body.state], [200, 'collected'], done.text);

    const whole = await world.ask('GET', `/v1/surplus/${id}`, { as: 'donor:kitchen' });
    assert.equal(whole.body.state, 'collected');
    assert.equal(whole.body.lots.length, 1);
    assert.equal(whole.body.lots[0].quantityGrams, 4_000);
    assert.equal(whole.body.history.at(-1).to, 'collected');
    assert.equal(JSON.stringify(whole.body).includes(code.body.code), false);
    await assertLedger();
  });

  it('locks the code after five wrong ones, until the donor asks anew', async () => {
    const { offer } = (await post()).body;
    await world.ask('POST', `/v1/offers/${offer.id}/accept`, { as: recipientOf(offer), key: newKey() });
    const codeOf = async (): Promise<string> =>
      (await world.ask('GET', `/v1/offers/${offer.id}/handover-code`, { as: 'donor:kitchen' })).body.code;
    const first = await codeOf();
    const wrong = first === '11111111' ? '22222222' : '11111111';
    const tell = (code: string): Promise<Reply> =>
      world.ask('POST', `/v1/offers/${offer.id}/handover`, { as: recipientOf(offer), key: newKey(), body: { code } });
    for (let i = 0; i < 5; i++) assert.equal((await tell(wrong)).body.type, '/docs/errors/wrong-code');
    assert.equal((await tell(first)).body.type, '/docs/errors/code-locked');
    const second = await codeOf();
    assert.notEqual(second, first);
    assert.equal((await tell(first)).status, 409);
    assert.equal((await tell(second)).status, 200);
  });

  it('is declined, offered on, released, cancelled', async () => {
    const { id, offer } = (await post()).body;
    const declined = await world.ask('POST', `/v1/offers/${offer.id}/decline`, {
      as: recipientOf(offer),
      key: newKey(),
      body: { reason: 'full fridge' },
    });
    assert.equal(declined.body.state, 'declined');
    assert.equal(
      (await world.ask('POST', `/v1/offers/${offer.id}/accept`, { as: recipientOf(offer), key: newKey() })).status,
      409,
    );
    const { version } = (await world.ask('GET', `/v1/surplus/${id}`, { as: 'donor:kitchen' })).body;
    const stale = await world.ask('DELETE', `/v1/surplus/${id}`, {
      as: 'donor:kitchen',
      headers: { 'if-match': '"1"' },
    });
    assert.equal(stale.status, 412);
    for (let times = 0; times < 2; times++) {
      const gone = await world.ask('DELETE', `/v1/surplus/${id}`, {
        as: 'donor:kitchen',
        headers: { 'if-match': `"${String(version)}"` },
      });
      assert.deepEqual([gone.status, gone.body.state], [200, 'cancelled']);
    }
    assert.equal((await world.ask('DELETE', `/v1/surplus/${id}`, { as: 'donor:kitchen' })).status, 200);
    await assertLedger();
  });
});

describe('who sees what', () => {
  it('keeps one organisation from another', async () => {
    const { id, offer } = (await post()).body;
    const other = offer.recipientId === 'fridge' ? 'recipient:shelter' : 'recipient:fridge';
    const hidden: [string, string, string][] = [
      ['GET', `/v1/surplus/${id}`, 'donor:other-kitchen'],
      ['DELETE', `/v1/surplus/${id}`, 'donor:other-kitchen'],
      ['GET', `/v1/surplus/${id}`, other],
      ['GET', `/v1/offers/${offer.id}`, other],
      ['POST', `/v1/offers/${offer.id}/accept`, other],
      ['GET', `/v1/offers/${offer.id}/handover-code`, 'donor:other-kitchen'],
      ['GET', '/v1/donors/kitchen', 'donor:other-kitchen'],
      ['GET', '/v1/recipients/shelter', 'recipient:fridge'],
    ];
    for (const [method, url, as] of hidden) {
      const reply = await world.ask(method, url, { as, key: newKey() });
      assert.equal(reply.body.type, '/docs/errors/not-found', `${method} ${url} as ${as}: ${reply.text}`);
    }
    assert.equal((await world.ask('GET', `/v1/surplus/${id}`, { as: recipientOf(offer) })).status, 200);
    assert.equal((await world.ask('GET', `/v1/surplus/${id}`, { as: 'operator' })).status, 200);
  });

  it("hides other recipients' offers from who was asked before", async () => {
    const { id, offer } = (await post(food({ quantityGrams: 7_000 }))).body;
    const other = offer.recipientId === 'fridge' ? 'shelter' : 'fridge';
    await world.ask('POST', `/v1/offers/${offer.id}/accept`, {
      as: recipientOf(offer),
      key: newKey(),
      body: { quantityGrams: 1_000 },
    });
    const child = (await world.ask('GET', `/v1/surplus/${id}`, { as: 'operator' })).body.lots[0].id;
    await world.actors.turn(child.split('-')[0], {
      commands: [
        {
          kind: 'rematch',
          id: newKey(),
          fingerprint: null,
          lotId: child,
          version: (await world.ask('GET', `/v1/surplus/${child}`, { as: 'operator' })).body.version,
        },
      ],
      traceparents: [null],
    });
    assert.equal((await world.ask('GET', `/v1/surplus/${child}`, { as: 'operator' })).body.offer.recipientId, other);
    const seen = await world.ask('GET', `/v1/surplus/${id}`, { as: recipientOf(offer) });
    assert.equal(seen.text.includes(other), false);
    assert.equal((await world.ask('GET', `/v1/surplus/${id}`, { as: 'donor:kitchen' })).text.includes(other), true);
    const repeated = await world.ask('POST', `/v1/offers/${offer.id}/accept`, {
      as: recipientOf(offer),
      key: newKey(),
    });
    assert.equal(repeated.status, 409);
    assert.equal(repeated.text.includes(other), false);
  });

  it('lists by state, page by page, without a gap', async () => {
    for (let i = 0; i < 5; i++) assert.equal((await post()).status, 201);
    for (const as of ['donor:kitchen', 'recipient:shelter', 'operator']) {
      const all = await world.ask('GET', '/v1/surplus?limit=100', { as });
      const ids: string[] = [];
      for (let cursor = ''; ;) {
        const page = await world.ask('GET', `/v1/surplus?limit=2${cursor}`, { as });
        assert.equal(page.status, 200, page.text);
        ids.push(...page.body.items.map((each: { id: string }) => each.id));
        if (page.body.nextCursor === null) break;
        cursor = `&cursor=${String(page.body.nextCursor)}`;
      }
      assert.deepEqual(
        ids,
        all.body.items.map((each: { id: string }) => each.id),
        as,
      );
    }
    assert.deepEqual((await world.ask('GET', '/v1/surplus', { as: 'donor:other-kitchen' })).body, {
      items: [],
      nextCursor: null,
    });
  });
});

describe('elsewhere', () => {
  it('a post in another region takes effect there, once', async () => {
    const key = newKey();
    const body = food({ location: TAMPERE });
    const first = await post(body, key);
    assert.equal(first.status, 201, first.text);
    assert.deepEqual((await post(body, key)).body, first.body);
    assert.equal((await post(food(), key)).body.type, '/docs/errors/key-reuse');
    const { rows } = await world.pool.query(
      'select geo_region_id, elsewhere_lot from command where command_id = $1 order by elsewhere_lot',
      [`key:donor:kitchen:${key}`],
    );
    assert.equal(rows.length, 2);
  });
});

async function assertLedger(): Promise<void> {
  const { body } = await world.ask('GET', '/v1/stats', { as: 'operator' });
  assert.equal(body.postedGrams, body.collectedGrams + body.expiredGrams + body.cancelledGrams + body.openGrams);
}

describe('food that must be hot or cold', () => {
  it('tells the recipient what the donor said of it, and changes hands only when it is measured', async () => {
    const { body } = await post(food({ storage: 'hot', category: 'prepared', temperature: 'checked' }));
    assert.equal(body.temperature, 'checked');
    const as = recipientOf(body.offer);
    const on = `/v1/offers/${body.offer.id}`;
    assert.equal((await world.ask('GET', on, { as })).body.surplus.temperature, 'checked');
    assert.equal((await world.ask('POST', `${on}/accept`, { as, key: newKey(), body: {} })).status, 200);
    const { code } = (await world.ask('GET', `${on}/handover-code`, { as: 'donor:kitchen' })).body;
    const handover = (more: object): Promise<Reply> =>
      world.ask('POST', `${on}/handover`, { as, key: newKey(), body: { code, ...more } });
    for (const more of [{}, { hotEnough: false }]) {
      const refused = await handover(more);
      assert.deepEqual([refused.status, refused.body.type], [409, '/docs/errors/too-cold']);
    }
    assert.equal((await handover({ hotEnough: true })).body.state, 'collected');
    const { history } = (await world.ask('GET', `/v1/surplus/${body.id}`, { as: 'donor:kitchen' })).body;
    assert.match(history.at(-1).detail, /63 °C/);
  });

  it('is asked of hot and chilled food only, and only with words we know', async () => {
    assert.equal((await post(food({ storage: 'chilled' }))).body.temperature, null);
    for (const wrong of [
      { storage: 'ambient', temperature: 'checked' },
      { storage: 'hot', temperature: 'warm' },
    ]) {
      const reply = await post(food(wrong));
      assert.deepEqual([reply.status, reply.body.type], [400, '/docs/errors/malformed-request'], reply.text);
    }
  });
});

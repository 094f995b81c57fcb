import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { enter } from './browser.ts';
import { publisherOf } from './outbox.ts';
import { until } from '../../dev/testing/servers.ts';
import { food, newKey, registerDonor, registerRecipient, startWorld, type World } from './world.ts';

let world: World;
let publishOutbox: () => Promise<number>;
before(async () => {
  world = await startWorld();
  for (const id of ['kitchen', 'bakery']) await registerDonor(world, id);
  for (const id of ['shelter', 'fridge']) await registerRecipient(world, id);
  publishOutbox = publisherOf(world);
  await until('the feed is there', () => world.feed.position() !== null);
});
after(() => world.stop());

interface Event {
  readonly id: string;
  readonly event: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly data: any;
}

interface Listener {
  readonly events: Event[];
  readonly text: () => string;
  readonly ended: Promise<void>;
  close(): void;
}

async function listen(as: string, lastEventId?: string, token?: string): Promise<Listener> {
  const abort = new AbortController();
  const headers = {
    authorization: `Bearer ${token ?? (await world.token(as))}`,
    ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
  };
  const response = await fetch(`${world.url}/v1/stream`, { headers, signal: abort.signal });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'text/event-stream');
  const events: Event[] = [];
  let text = '';
  const read = async (): Promise<void> => {
    let rest = '';
    for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
      const piece = new TextDecoder().decode(part);
      text += piece;
      rest += piece;
      const blocks = rest.split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) if (block.includes('event: ')) events.push(parse(block));
    }
  };
  const ended = read().catch(() => undefined);
  await until('the stream says it is ready', () => events.length > 0);
  return { events, text: () => text, ended, close: () => abort.abort() };
}

function parse(block: string): Event {
  const field = (name: string): string =>
    block
      .split('\n')
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2) ?? '';
  return { id: field('id'), event: field('event'), data: JSON.parse(field('data')) as unknown };
}

async function post(as = 'donor:kitchen', change: object = {}) {
  const { body } = await world.ask('POST', '/v1/surplus', { as, key: newKey(), body: food(change) });
  await publishOutbox();
  return body;
}

const dataOf = (listener: Listener): Event[] =>
  listener.events.filter((each) => each.event === 'offer' || each.event === 'surplus');

describe('the event stream', () => {
  it('tells donors of their lots, recipients of their offers, operators of all', async () => {
    const [kitchen, bakery, operator, shelter, fridge] = await Promise.all(
      ['donor:kitchen', 'donor:bakery', 'operator', 'recipient:shelter', 'recipient:fridge'].map((as) => listen(as)),
    );
    assert.ok(kitchen && bakery && operator && shelter && fridge);
    const surplus = await post();
    const [holder, other] = surplus.offer.recipientId === 'shelter' ? [shelter, fridge] : [fridge, shelter];
    await until(
      'all were told',
      () => dataOf(kitchen).length > 0 && dataOf(operator).length > 0 && dataOf(holder).length > 0,
    );
    assert.deepEqual(
      [dataOf(kitchen)[0]?.event, dataOf(kitchen)[0]?.data.id, dataOf(kitchen)[0]?.data.state],
      ['surplus', surplus.id, 'offered'],
    );
    assert.deepEqual([dataOf(holder)[0]?.event, dataOf(holder)[0]?.data.id], ['offer', surplus.offer.id]);
    assert.equal(dataOf(holder)[0]?.data.surplus.id, surplus.id);
    assert.deepEqual([dataOf(bakery).length, dataOf(other).length], [0, 0]);

    await world.ask('POST', `/v1/offers/${String(surplus.offer.id)}/decline`, {
      as: `recipient:${String(surplus.offer.recipientId)}`,
      key: newKey(),
      body: { reason: 'full' },
    });
    await publishOutbox();
    await until('the decline was told', () => dataOf(holder).some((each) => each.data.state === 'declined'));
    for (const each of [kitchen, bakery, operator, shelter, fridge]) each.close();
  });

  it('resumes where it was: each event once, in order', async () => {
    const first = await listen('donor:kitchen');
    const seen: string[] = [];
    for (let i = 0; i < 5; i++) seen.push((await post()).id);
    await until('five came', () => dataOf(first).length === 5);
    first.close();
    await first.ended;
    const at = dataOf(first)[2]?.id;
    for (let i = 0; i < 3; i++) seen.push((await post()).id);
    const second = await listen('donor:kitchen', at);
    const meanwhile = (await post()).id as string;
    await until('the rest came', () => dataOf(second).length >= 6);
    assert.deepEqual(
      dataOf(second).map((each) => each.data.id),
      [...seen.slice(3), meanwhile],
    );
    second.close();
  });

  it('gives a place to resume from before anything has come', async () => {
    const idle = await listen('donor:bakery');
    idle.close();
    const posted = await post('donor:bakery');
    const back = await listen('donor:bakery', idle.events[0]?.id);
    await until('it came', () => dataOf(back).length === 1);
    assert.equal(dataOf(back)[0]?.data.id, posted.id);
    back.close();
  });

  it('an unknown id, another stream or the future gets a reset, and goes on from now', async () => {
    const here = world.feed.position();
    const ids = [
      'x',
      'abc.1',
      `${String(here === null ? '' : Date.parse(here.stream).toString(36))}.999999999`,
      '.',
      '%00',
    ];
    for (const id of ids) {
      const listener = await listen('donor:kitchen', id);
      assert.equal(listener.events[0]?.event, 'reset', id);
      const { id: posted } = await post();
      await until('the next event came', () => dataOf(listener).some((each) => each.data.id === posted));
      listener.close();
    }
  });

  it('ends a little before the token does, says why, and goes on with a new one: nothing is missed', async () => {
    const issuedMs = Date.now();
    const token = await world.issuer.token('donor', 'kitchen', { lifetimeSeconds: 18 });
    const listener = await listen('donor:kitchen', undefined, token);
    const before = (await post()).id as string;
    await until('it came', () => dataOf(listener).length === 1);
    await listener.ended;
    const lastedMs = Date.now() - issuedMs;
    assert.ok(lastedMs < 16_000, `ended only after ${String(lastedMs)} ms`);
    assert.equal(listener.events.at(-1)?.event, 'reauthenticate');
    assert.equal(listener.events.at(-1)?.id, '', 'it is no place to resume from');
    const stillGood = await world.ask('GET', '/v1/surplus', { headers: { authorization: `Bearer ${token}` } });
    assert.equal(stillGood.status, 200, 'what was under way with the old token is still answered');
    const between = (await post()).id as string;
    const { session, browser } = await enter(world, { role: 'donor', organisationId: 'kitchen' });
    assert.equal(session.status, 200);
    const { accessToken } = (await browser.post('refresh')).body as { accessToken: string };
    const again = await listen('donor:kitchen', dataOf(listener).at(-1)?.id, accessToken);
    await until('what happened meanwhile came', () => dataOf(again).length === 1);
    assert.deepEqual([dataOf(listener)[0]?.data.id, dataOf(again)[0]?.data.id], [before, between]);
    again.close();
  });

  it('with a token that is nearly over it lasts half of what is left, not nothing', async () => {
    const token = await world.issuer.token('donor', 'kitchen', { lifetimeSeconds: 3 });
    const listener = await listen('donor:kitchen', undefined, token);
    const connectedMs = performance.now();
    await listener.ended;
    assert.ok(performance.now() - connectedMs > 400);
    assert.equal(listener.events.at(-1)?.event, 'reauthenticate');
  });

  it('who hangs up while it is being let in keeps no place', async () => {
    const authorization = `Bearer ${await world.token('recipient:fridge')}`;
    for (let n = 0; n < 60; n++) {
      const socket = connect(Number(new URL(world.url).port), '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(`GET /v1/stream HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\n\r\n`, () =>
        socket.destroy(),
      );
      await pause(5);
    }
    await pause(300);
    const [clients] = /^api_stream_clients .*$/m.exec(await (await fetch(`${world.url}/metrics`)).text()) ?? [];
    assert.equal(clients, 'api_stream_clients 0');
    (await listen('recipient:fridge')).close();
  });

  it('says retry, and leaves out what is none of the client’s business', async () => {
    const listener = await listen('recipient:shelter');
    assert.match(listener.text(), /^retry: 3000$/m);
    listener.close();
    assert.equal(listener.text().includes('kitchen'), false);
  });

  it('survives NATS going away and coming back', async () => {
    const listener = await listen('donor:kitchen');
    await world.nats.kill();
    await world.nats.restart();
    await until('the feed is back', () => world.feed.position() !== null, 20_000);
    let posted = '';
    await until('it can be posted and published again', async () => {
      posted = (await post().catch(() => ({ id: '' }))).id as string;
      return posted !== '';
    });
    await until('the event came', () => dataOf(listener).some((each) => each.data.id === posted), 20_000);
    listener.close();
  });

  it('a re-created stream ends the old places: whoever comes back is reset', async () => {
    const listener = await listen('donor:kitchen');
    await post();
    await until('an event came', () => dataOf(listener).length > 0);
    const old = dataOf(listener)[0]?.id;
    const stream = world.feed.position()?.stream;
    await world.recreateStreams();
    await listener.ended;
    await until('the feed follows the new stream', () => ![undefined, stream].includes(world.feed.position()?.stream));
    const back = await listen('donor:kitchen', old);
    assert.equal(back.events[0]?.event, 'reset');
    const { id } = await post();
    await until('the next event came', () => dataOf(back).some((each) => each.data.id === id));
    back.close();
  });
});

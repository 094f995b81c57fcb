import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { AckPolicy, StorageType } from '@nats-io/jetstream';
import type { RegionToken } from '#core/words/ids.ts';
import { freePort } from '../../../dev/stack/ports.ts';
import { startNats, until, type NatsProcess } from '../../../dev/testing/loopServers.ts';
import { connectBus, isBusAway, reachBus, type Bus } from './bus.ts';
import {
  DONE,
  startConsumer,
  type ConsumerPorts,
  type ConsumerSpec,
  type Delivery,
  type Outcome,
  type RunningConsumer,
} from './consume.ts';
import { createDeadLetters } from './deadLetters.ts';
import { createOutboxHint, onOutboxHints } from './hints.ts';
import { createPublish } from './publish.ts';
import { ADVISORIES, createStreamKeeper, DEAD_LETTERS, ensureStreams, LOTS } from './streams.ts';

let nats: NatsProcess;
let bus: Bus;
let ports: ConsumerPorts;
const running: RunningConsumer[] = [];
let names = 0;

before(async () => {
  nats = await startNats();
  bus = await connectBus({ url: nats.url, name: 'test' });
  const keepStreams = createStreamKeeper(bus);
  const log = { warn: () => undefined, error: () => undefined };
  ports = { bus, publish: createPublish(bus, keepStreams), keepStreams, log };
  await keepStreams();
});
after(async () => {
  await bus.close();
  await nats.stop();
});
test('who does not know how many copies there are makes what is missing, and leaves the rest', async () => {
  const { config } = await bus.jsm.streams.info(LOTS);
  await bus.jsm.streams.update(LOTS, { max_age: 8 * 86_400_000_000_000 });
  await bus.jsm.streams.delete(DEAD_LETTERS);
  await ensureStreams(bus.jsm, null);
  assert.equal((await bus.jsm.streams.info(LOTS)).config.max_age, 8 * 86_400_000_000_000);
  assert.equal((await bus.jsm.streams.info(DEAD_LETTERS)).config.num_replicas, 1);
  await ensureStreams(bus.jsm);
  assert.equal((await bus.jsm.streams.info(LOTS)).config.max_age, config.max_age);
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.stop()));
  await bus.jsm.streams.purge(LOTS);
  await bus.jsm.streams.purge(DEAD_LETTERS);
});

function consume(spec: Partial<ConsumerSpec> & Pick<ConsumerSpec, 'handle'>): void {
  names++;
  const all: ConsumerSpec = {
    stream: LOTS,
    durable: `test-${String(names)}`,
    filter: 'lot.>',
    concurrency: 8,
    maxTries: 3,
    keyOf: (delivery) => text(delivery).split('/')[0] ?? '',
    ...spec,
  };
  running.push(startConsumer(ports, all));
}

const MESSAGE = { subject: 'lot.47.offered', payload: Buffer.from('a/1'), traceparent: null };

function text(delivery: { payload: Uint8Array }): string {
  return Buffer.from(delivery.payload).toString();
}

async function say(...texts: string[]): Promise<void> {
  for (const each of texts) {
    const message = {
      id: crypto.randomUUID(),
      subject: 'lot.47.offered',
      payload: Buffer.from(each),
      traceparent: null,
    };
    assert.ok((await ports.publish(message)).stored);
  }
}

test('streams are made once, however often one asks, and brought to their definition', async () => {
  await ensureStreams(bus.jsm);
  for (const name of [LOTS, DEAD_LETTERS]) await bus.jsm.streams.update(name, { max_age: 3_600_000_000_000 });
  await ensureStreams(bus.jsm);
  const { config } = await bus.jsm.streams.info(LOTS);
  assert.equal(config.max_age, 7 * 86_400 * 1e9);
  assert.equal((await bus.jsm.streams.info(DEAD_LETTERS)).config.max_age, 0);
  assert.ok((await bus.jsm.streams.info(ADVISORIES)).config.subjects?.some((each) => each.includes('MAX_DELIVERIES')));
});

test('a stream that somebody limited takes everything again, and nothing is given up for it', async () => {
  const limits = { max_msg_size: 10, max_msgs: 1, max_msgs_per_subject: 1, no_ack: true };
  await bus.jsm.streams.update(LOTS, { max_msg_size: 10 });
  const long = { ...MESSAGE, id: crypto.randomUUID(), payload: Buffer.from('a/'.padEnd(600, 'x')) };
  const first = await ports.publish(long);
  assert.ok(!first.stored && !first.permanent, JSON.stringify(first));
  await until('it is taken', async () => (await ports.publish(long)).stored);
  await bus.jsm.streams.update(LOTS, limits);
  await ensureStreams(bus.jsm);
  const { config } = await bus.jsm.streams.info(LOTS);
  const { max_msg_size, max_msgs, max_msgs_per_subject, no_ack } = config;
  assert.deepEqual([max_msg_size, max_msgs, max_msgs_per_subject, no_ack ?? false], [-1, -1, -1, false]);
});

test('what another stream acknowledges is not stored', async () => {
  await bus.jsm.streams.delete(LOTS);
  await bus.jsm.streams.add({ name: 'FOREIGN', subjects: ['lot.>'] });
  const outcome = await ports.publish({ ...MESSAGE, id: crypto.randomUUID() });
  assert.ok(!outcome.stored && !outcome.permanent, JSON.stringify(outcome));
  await bus.jsm.streams.delete('FOREIGN');
  await until('it is taken', async () => (await ports.publish({ ...MESSAGE, id: crypto.randomUUID() })).stored);
});

test('at its limit the oldest events go, and new ones are taken', async () => {
  const maxGiB = (64 * 1024) / 2 ** 30;
  await ensureStreams(bus.jsm, { replicas: 1, maxGiB });
  await say(...Array.from({ length: 300 }, (_, n) => `${String(n)}/${'x'.repeat(500)}`));
  const { state } = await bus.jsm.streams.info(LOTS);
  assert.ok(state.bytes <= 64 * 1024 && state.messages > 50 && state.messages < 300, JSON.stringify(state));
  const letter = { subject: 'dead.47.undeliverable', payload: Buffer.alloc(500), traceparent: null };
  for (let n = 0; n < 40; n++) assert.ok((await ports.publish({ ...letter, id: crypto.randomUUID() })).stored);
  const { state: letters } = await bus.jsm.streams.info(DEAD_LETTERS);
  assert.ok(letters.bytes <= 8 * 1024 && letters.messages > 5 && letters.messages < 40, JSON.stringify(letters));
  await ensureStreams(bus.jsm);
});

test('a stream that somebody made otherwise for good is read from all the same, and the others are seen to', async () => {
  await bus.jsm.streams.delete(LOTS);
  await bus.jsm.streams.delete(DEAD_LETTERS);
  await bus.jsm.streams.add({ name: LOTS, subjects: ['lot.>'], storage: StorageType.Memory });
  await assert.rejects(ensureStreams(bus.jsm), /storage/);
  assert.equal((await bus.jsm.streams.info(DEAD_LETTERS)).config.num_replicas, 1);
  const done: string[] = [];
  consume({
    handle: (delivery) => {
      done.push(text(delivery));
      return Promise.resolve(DONE);
    },
  });
  await say('a/1');
  await until('it was done', () => done.length === 1, 10_000);
  await Promise.all(running.splice(0).map((each) => each.stop()));
  await bus.jsm.streams.delete(LOTS);
  await ensureStreams(bus.jsm);
});

test('what is unreadable and nearly too large is buried all the same, without its payload', async () => {
  let seen = 0;
  consume({
    handle: () => {
      seen++;
      return Promise.resolve({ dead: 'unreadable' });
    },
  });
  await say('a/'.padEnd(1_048_000, 'x'));
  const letters = async (): Promise<number> => (await bus.jsm.streams.info(DEAD_LETTERS)).state.messages;
  await until('it is among the dead letters', async () => (await letters()) === 1, 5_000);
  assert.equal(seen, 1);
});

test('a consumer that somebody changed, or made otherwise altogether, works all the same and is ours again', async () => {
  const changes = {
    changed: { ack_policy: AckPolicy.Explicit, filter_subject: 'lot.>', max_ack_pending: 3, description: 'by hand' },
    // this no server changes
    other: { ack_policy: AckPolicy.None, filter_subject: 'lot.>' },
  };
  for (const [durable, config] of Object.entries(changes)) {
    await bus.jsm.consumers.add(LOTS, { durable_name: durable, ...config });
    let seen = 0;
    consume({ durable, handle: () => Promise.resolve((seen++, DONE)) });
    await say('a/1');
    await until('it is handled', () => Promise.resolve(seen > 0));
    const { config: ours } = await bus.jsm.consumers.info(LOTS, durable);
    assert.deepEqual([ours.ack_policy, ours.max_ack_pending], [AckPolicy.Explicit, 2_000]);
  }
});

test('a consumer that somebody paused is opened all the same', async () => {
  const config = { durable_name: 'paused', ack_policy: AckPolicy.Explicit, filter_subject: 'lot.>' };
  await bus.jsm.consumers.add(LOTS, config);
  await bus.jsm.consumers.pause(LOTS, 'paused', new Date(Date.now() + 3_600_000));
  let seen = 0;
  consume({ durable: 'paused', handle: () => Promise.resolve((seen++, DONE)) });
  await say('a/1');
  await until('it is handled', () => Promise.resolve(seen > 0));
});

test('stopped while it is being opened, it ends', async () => {
  const spec = {
    stream: LOTS,
    filter: 'lot.>',
    concurrency: 8,
    maxTries: 3,
    keyOf: () => '',
    handle: () => Promise.resolve(DONE),
  };
  for (const afterMs of [0, 1, 3, 5]) {
    const consumer = startConsumer(ports, { ...spec, durable: `stopped-${String(afterMs)}` });
    await pause(afterMs);
    const ended = consumer.stop().then(() => 'ended');
    assert.equal(await Promise.race([ended, pause(3_000, 'hangs')]), 'ended', `after ${String(afterMs)} ms`);
  }
});

test('started before NATS is there, it works once it is', async () => {
  const port = await freePort();
  const late = await reachBus({ url: `nats://127.0.0.1:${String(port)}`, name: 'early' });
  assert.equal(late.isConnected(), false);
  assert.throws(() => late.js, isBusAway);
  assert.equal((await createPublish(late, () => Promise.resolve())({ ...MESSAGE, id: 'early' })).stored, false);
  createOutboxHint(late)('46b1' as RegionToken);
  let seen = 0;
  const early = startConsumer(
    { ...ports, bus: late, keepStreams: createStreamKeeper(late) },
    {
      stream: LOTS,
      durable: 'early',
      filter: 'lot.>',
      concurrency: 1,
      maxTries: 3,
      keyOf: () => '',
      handle: () => Promise.resolve((seen++, DONE)),
    },
  );
  const hinted: string[] = [];
  const stopHints = onOutboxHints(late, (region) => hinted.push(region));
  const server = await startNats({ port });
  await late.reached;
  await until('a consumer is there', () => late.jsm.consumers.info(LOTS, 'early').then(Boolean, () => false));
  assert.ok((await createPublish(late, () => Promise.resolve())({ ...MESSAGE, id: 'later' })).stored);
  createOutboxHint(late)('46b1' as RegionToken);
  await until('both came', () => Promise.resolve(seen === 1 && hinted.length === 1));
  stopHints();
  await early.stop();
  await late.close();
  await server.stop();
});

test('made again and again by several, streams of any size are there', async () => {
  await bus.jsm.streams.delete(LOTS);
  for (let round = 0; round < 3; round++) {
    await Promise.all(Array.from({ length: 4 }, () => createStreamKeeper(bus, { replicas: 1, maxGiB: 3 })()));
    await ensureStreams(bus.jsm, null);
  }
  assert.equal((await bus.jsm.streams.info(LOTS)).config.max_bytes, 3 * 2 ** 30);
  // more than the server may store
  await ensureStreams(bus.jsm, { replicas: 1, maxGiB: 5 });
  await bus.jsm.streams.delete(LOTS);
  await ensureStreams(bus.jsm, { replicas: 1, maxGiB: 5 });
  assert.equal((await bus.jsm.streams.info(LOTS)).config.max_bytes, -1);
});

test('lots go side by side, the messages of one lot one after the other', async () => {
  await say('a/1', 'b/1', 'a/2', 'b/2', 'a/3');
  const seen: string[] = [];
  let atOnce = 0;
  let most = 0;
  const busy = new Set<string>();
  consume({
    handle: async (delivery) => {
      const [lot = ''] = text(delivery).split('/');
      assert.ok(!busy.has(lot), 'one at a time');
      busy.add(lot);
      most = Math.max(most, ++atOnce);
      await new Promise((resolve) => setTimeout(resolve, 20));
      seen.push(text(delivery));
      atOnce--;
      busy.delete(lot);
      return DONE;
    },
  });
  await until('all seen', () => seen.length === 5);
  assert.equal(most, 2);
  assert.deepEqual(
    seen.filter((each) => each.startsWith('a')),
    ['a/1', 'a/2', 'a/3'],
  );
});

test('what is put back waits, then is dead-lettered by us before its last delivery; replay brings it back', async () => {
  await say('a/1');
  const atMs: number[] = [];
  consume({
    handle: () => {
      atMs.push(performance.now());
      return Promise.resolve({ retry: 'the cell is away', afterMs: 100 });
    },
  });
  const letters = createDeadLetters(bus, ports.publish);
  await until('a dead letter', async () => (await letters.list({ limit: 10 })).items.length === 1);
  assert.equal(atMs.length, 3);
  assert.ok((atMs[1] ?? 0) - (atMs[0] ?? 0) >= 95, 'the delay was kept');
  const [item] = (await letters.list({ limit: 10 })).items;
  assert.ok(item !== undefined);
  assert.deepEqual(
    { cause: item.cause, region: item.region, lotId: item.lotId, originalSubject: item.originalSubject },
    { cause: 'undeliverable', region: '47', lotId: 'a', originalSubject: 'lot.47.offered' },
  );
  assert.deepEqual(await letters.get(item.seq), item);
  assert.deepEqual([...(await letters.counts())], [['dead.47.undeliverable', 1]]);
  const before = (await bus.jsm.streams.info(LOTS)).state.last_seq;
  assert.equal((await letters.replay(item.seq)).replayed, true);
  const again = await bus.jsm.streams.getMessage(LOTS, { seq: before + 1 });
  assert.equal(again?.string(), 'a/1');
  assert.deepEqual(await letters.list({ limit: 10 }), { items: [], next: null });
  assert.deepEqual(await letters.replay(item.seq), { replayed: false, because: 'not-found' });
});

test('an outage uses up no tries, however long it is; whoever stops meanwhile puts the message back', async () => {
  await say('a/1');
  const seen: number[] = [];
  let isAway = true;
  const away = {
    durable: 'outage',
    maxTries: 1,
    isOutage: (error: unknown) => error instanceof RangeError,
    handle: (delivery: Delivery): Promise<Outcome> => {
      seen.push(delivery.deliveries);
      return isAway ? Promise.reject(new RangeError('no database')) : Promise.resolve(DONE);
    },
  };
  consume(away);
  await until('tried again and again', () => seen.length >= 3, 15_000);
  assert.deepEqual(new Set(seen), new Set([1]));
  const stopped = performance.now();
  await running.pop()?.stop();
  assert.ok(performance.now() - stopped < 2_000);
  consume(away);
  await until('delivered again', () => seen.includes(2), 15_000);
  isAway = false;
  const isDone = async (): Promise<boolean> => (await bus.jsm.consumers.info(LOTS, 'outage')).num_ack_pending === 0;
  await until('done', isDone, 15_000);
  assert.deepEqual((await createDeadLetters(bus, ports.publish).list({ limit: 10 })).items, []);
});

test('dead letters are listed in pages and discarded', async () => {
  await say('a/1', 'b/1', 'c/1');
  consume({ handle: (delivery) => Promise.resolve({ dead: 'unreadable', lotId: text(delivery), lotVersion: 1 }) });
  const letters = createDeadLetters(bus, ports.publish);
  await until('three', async () => (await letters.list({ limit: 10 })).items.length === 3);
  const first = await letters.list({ limit: 2 });
  assert.equal(first.items.length, 2);
  const second = await letters.list({ limit: 2, afterSeq: first.next ?? assert.fail() });
  assert.equal(second.items.length, 1);
  assert.equal(second.next, null);
  const seq = second.items[0]?.seq ?? assert.fail();
  assert.equal(await letters.discard(seq), true);
  assert.equal(await letters.discard(seq), false);
  assert.equal(await letters.get(seq), null);
});

test('goes on after its stream was deleted, and after NATS was killed', async () => {
  const seen: string[] = [];
  consume({
    handle: (delivery) => {
      seen.push(text(delivery));
      return Promise.resolve(DONE);
    },
  });
  await say('a/1');
  await until('a/1', () => seen.includes('a/1'));
  await bus.jsm.streams.delete(LOTS);
  await until('the stream is back', () => bus.jsm.streams.info(LOTS).then(Boolean, () => false), 15_000);
  await say('a/2');
  await until('a/2', () => seen.includes('a/2'), 15_000);
  await nats.kill();
  await nats.restart();
  await until('connected', () => bus.isConnected());
  await say('a/3');
  await until('a/3', () => seen.includes('a/3'), 20_000);
});

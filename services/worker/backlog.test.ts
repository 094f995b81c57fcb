import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { after, before, beforeEach, test } from 'node:test';
import { AckPolicy } from '@nats-io/jetstream';
import { LOTS } from '#adapters/nats/streams.ts';
import { until } from '../../dev/testing/loopServers.ts';
import { openStage, type Stage } from '../../dev/testing/workerStage.ts';
import { createBacklogWatch, readBacklog } from './backlog.ts';
import { createMeters } from './meters.ts';

const CONSUMER = { durable_name: 'some', ack_policy: AckPolicy.Explicit, filter_subject: 'lot.*.rematching' };
let stage: Stage;
before(async () => {
  stage = await openStage();
});
after(() => stage.stop());
beforeEach(async () => {
  await stage.clear();
  await stage.bus.jsm.consumers.delete(LOTS, 'some').catch(() => false);
  await stage.bus.jsm.consumers.add(LOTS, CONSUMER);
});

async function say(...kinds: string[]): Promise<void> {
  for (const kind of kinds) {
    const message = {
      id: crypto.randomUUID(),
      subject: `lot.47.${kind}`,
      payload: Buffer.from('a'),
      traceparent: null,
    };
    assert.ok((await stage.publish(message)).stored);
  }
}

test('what waits is counted, and the first that was given to nobody says for how long', async () => {
  const look = () => readBacklog(stage.bus.jsm, LOTS, 'some');
  assert.deepEqual(await look(), { left: 0, oldestSeconds: 0 });
  await say('offered', 'rematching', 'rematching');
  await pause(1_000);
  const { left, oldestSeconds } = await look();
  assert.equal(left, 2, 'of its own subjects only');
  assert.ok(oldestSeconds >= 0.9 && oldestSeconds < 5, String(oldestSeconds));
  const saidMs = performance.now();
  await say('rematching');
  const consumer = await stage.bus.js.consumers.get(LOTS, 'some');
  const taken = [await consumer.next(), await consumer.next()];
  const younger = await look();
  assert.equal(younger.left, 3, 'what is at work is not done');
  assert.ok(younger.oldestSeconds <= (performance.now() - saidMs) / 1_000 + 0.05, String(younger.oldestSeconds));
  for (const each of taken) each?.ack();
  await (await consumer.next())?.ackAck();
  assert.deepEqual(await look(), { left: 0, oldestSeconds: 0 });
});

test('it grows older while nobody can say', async () => {
  const meters = createMeters();
  const { bus } = stage;
  let isConnected = true;
  let nowMs = 5_000;
  const told = { ...bus, jsm: bus.jsm, isConnected: () => isConnected };
  const watch = createBacklogWatch({ bus: told, meters, nowMs: () => nowMs });
  const oldest = async (): Promise<number> => {
    await watch(LOTS, 'some');
    const text = await meters.registry.getSingleMetricAsString('worker_consumer_oldest_seconds');
    return Number(/\{consumer="some"\} (\S+)/.exec(text)?.[1]);
  };
  isConnected = false;
  nowMs += 30_000;
  assert.equal(await oldest(), 30, 'never heard of since it began');
  isConnected = true;
  assert.equal(await oldest(), 0);
  isConnected = false;
  nowMs += 45_000;
  assert.equal(await oldest(), 45, 'since it was heard of');
  isConnected = true;
  assert.equal(await oldest(), 0);
  await say('rematching');
  await until('it waits', async () => (await oldest()) > 0);
  const heard = await oldest();
  await bus.jsm.consumers.delete(LOTS, 'some');
  nowMs += 60_000;
  assert.ok((await oldest()) >= heard + 60, 'on top of what was heard');
});

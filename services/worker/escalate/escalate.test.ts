import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { toBinary } from '@bufbuild/protobuf';
import { LotEventSchema } from '#proto/gen/pahlawan/v1/events_pb.js';
import { CellUnavailable } from '#cell/contract.ts';
import { createAlerts } from '#adapters/alerts/pagerDuty.ts';
import { startConsumer, type RunningConsumer } from '#adapters/nats/consume.ts';
import { createDeadLetters, type DeadLetters } from '#adapters/nats/deadLetters.ts';
import { DEAD_LETTERS, LOTS } from '#adapters/nats/streams.ts';
import { until } from '../../../dev/testing/loopServers.ts';
import { lotKeyOf } from '../lotEvent.ts';
import { createRematcher } from '../rematch/rematch.ts';
import {
  eventOf,
  insertLot,
  notingCells,
  openStage,
  REGION,
  say,
  startReceiver,
} from '../../../dev/testing/workerStage.ts';
import type { NotingCells, Receiver, Stage } from '../../../dev/testing/workerStage.ts';
import { createAlertBook, type AlertBook } from './alertBook.ts';
import { createEscalator, letterKeyOf } from './escalate.ts';

const log = { warn: () => undefined, error: () => undefined };
let stage: Stage;
let pagerDuty: Receiver;
let letters: DeadLetters;
let cells: NotingCells;
let alertBook: AlertBook;
const running: RunningConsumer[] = [];

before(async () => {
  stage = await openStage();
  pagerDuty = await startReceiver();
});
after(async () => {
  await pagerDuty.stop();
  await stage.stop();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.stop()));
  for (const [stream, durable] of [
    [LOTS, 'rematch'],
    [DEAD_LETTERS, 'escalate'],
  ] as const) {
    await stage.bus.jsm.consumers.delete(stream, durable).catch(() => undefined);
  }
  await stage.clear();
  pagerDuty.got.length = 0;
  pagerDuty.status.clear();
});

function start(throttleMs = 60_000): void {
  cells = notingCells();
  letters = createDeadLetters(stage.bus, stage.publish);
  const alerts = createAlerts({ url: `${pagerDuty.url}/v2/enqueue`, routingKey: 'key', source: 'test', log });
  alertBook = createAlertBook({ alerts, counts: letters.counts, log, throttleMs });
  const base = { concurrency: 16, maxTries: 3 };
  const ports = { ...stage, log };
  const rematch = { ...base, stream: LOTS, durable: 'rematch', filter: 'lot.*.rematching', keyOf: lotKeyOf };
  running.push(
    startConsumer(ports, { ...rematch, handle: createRematcher({ cells, publish: stage.publish, nowMs: Date.now }) }),
  );
  const escalate = {
    ...base,
    stream: DEAD_LETTERS,
    durable: 'escalate',
    filter: 'dead.>',
    keyOf: letterKeyOf,
    maxTries: null,
  };
  running.push(startConsumer(ports, { ...escalate, handle: createEscalator({ cells, alertBook }) }));
}

interface Sent {
  readonly event_action: string;
  readonly dedup_key: string;
  readonly routing_key: string;
  readonly payload?: {
    readonly summary: string;
    readonly severity: string;
    readonly custom_details: { readonly lots: number };
  };
}
function alertsSent(): Sent[] {
  return pagerDuty.got.map(({ body }) => JSON.parse(body.toString()) as Sent);
}

test('a rematch event asks the cell once, by lot and version; others are passed by', async () => {
  start();
  const lotId = await insertLot(stage.pool);
  await say(stage, eventOf(lotId, { state: 'rematching', version: 4, rematchRequired: true, tries: 1 }));
  await say(stage, eventOf(lotId, { state: 'rematching', version: 5 }));
  await until('the cell is asked', () => cells.told.length === 1);
  const [command] = cells.told;
  assert.deepEqual(command, { kind: 'rematch', id: `rematch:${lotId}:4`, fingerprint: null, lotId, version: 4 });
});

test('while no cell answers the event waits and comes again', async () => {
  start();
  cells.away = 1;
  const lotId = await insertLot(stage.pool);
  await say(stage, eventOf(lotId, { state: 'rematching', version: 4, rematchRequired: true }));
  await until('the cell is asked', () => cells.told.length === 1);
});

test('an outage of the cells leaves no dead letter: after some tries the sweep has it', async () => {
  const away = { send: () => Promise.reject(new CellUnavailable('no host')) };
  const rematch = createRematcher({ cells: away, publish: stage.publish, nowMs: Date.now });
  const event = eventOf(await insertLot(stage.pool), { state: 'rematching', version: 4, rematchRequired: true });
  const payload = toBinary(LotEventSchema, event);
  const delivery = { subject: `lot.${REGION}.rematching`, payload, id: 'some', seq: 1, traceparent: null };
  assert.deepEqual(await rematch({ ...delivery, deliveries: 1 }), { retry: 'no host' });
  assert.deepEqual(await rematch({ ...delivery, deliveries: 6 }), { done: true });
});

test('out of tries: dead letter, then fallback, then one alert; the letter stays until it is discarded', async () => {
  start();
  const lotId = await insertLot(stage.pool);
  const event = eventOf(lotId, { state: 'rematching', version: 6, rematchRequired: true, tries: 3 });
  await say(stage, event);
  // the same event delivered twice is one dead letter
  await say(stage, event);
  await until('the alert', () => pagerDuty.got.length > 0);
  assert.deepEqual(cells.told[0], {
    kind: 'fallback',
    id: `fallback:${lotId}:6`,
    fingerprint: null,
    lotId,
    version: 6,
  });
  const { items } = await letters.list({ limit: 10 });
  assert.equal(items.length, 1);
  assert.equal(items[0]?.lotId, lotId);
  const [alert] = alertsSent();
  assert.equal(alert?.event_action, 'trigger');
  assert.equal(alert.dedup_key, `pahlawan-pangan/${REGION}/rematch-exhausted`);
  assert.equal(alert.routing_key, 'key');
  assert.equal(alert.payload?.custom_details.lots, 1);
  const replay = await letters.replay(items[0]?.seq ?? 0);
  assert.equal(replay.replayed === false && replay.because, 'needs-command');
  await alertBook.round();
  assert.equal(pagerDuty.got.length, 1);
  await letters.discard(items[0]?.seq ?? 0);
  await alertBook.round();
  assert.deepEqual(
    alertsSent().map((each) => each.event_action),
    ['trigger', 'resolve'],
  );
});

test('out of tries, and past its time: nobody is told of it any more', async () => {
  start();
  const over = { state: 'rematching', version: 6, rematchRequired: true, tries: 3, safeUntilMs: Date.now() - 1_000 };
  await say(stage, eventOf(await insertLot(stage.pool), over));
  const next = await insertLot(stage.pool);
  await say(stage, eventOf(next, { ...over, safeUntilMs: Date.now() + 60_000 }));
  await until('the alert of the next one', () => pagerDuty.got.length > 0);
  const { items } = await letters.list({ limit: 10 });
  assert.deepEqual(
    items.map(({ lotId }) => lotId),
    [next],
  );
});

test('many at once are one alert with a count, updated under the same key when the throttle allows', async () => {
  start(300);
  for (let lot = 0; lot < 20; lot++) {
    const lotId = await insertLot(stage.pool);
    await say(stage, eventOf(lotId, { state: 'rematching', version: 6, rematchRequired: true, tries: 3 }));
  }
  await until('all fallbacks', () => cells.told.filter((command) => command.kind === 'fallback').length === 20);
  await until('the count arrives', async () => {
    await alertBook.round();
    return alertsSent().at(-1)?.payload?.custom_details.lots === 20;
  });
  assert.equal(new Set(alertsSent().map((each) => each.dedup_key)).size, 1);
  assert.ok(pagerDuty.got.length <= 4, `${String(pagerDuty.got.length)} alerts`);
});

test('PagerDuty away: the fallback is assigned all the same and the alert comes later', async () => {
  pagerDuty.status.set('/v2/enqueue', 503);
  start();
  const lotId = await insertLot(stage.pool);
  await say(stage, eventOf(lotId, { state: 'rematching', version: 6, rematchRequired: true, tries: 3 }));
  await until('the fallback', () => cells.told.length === 1);
  await until('three tries', () => pagerDuty.got.length >= 3);
  pagerDuty.status.clear();
  const before = pagerDuty.got.length;
  await until('the alert', () => pagerDuty.got.length > before, 15_000);
});

test('what can not be read is dead-lettered as undeliverable, with an alert', async () => {
  start();
  const payload = Buffer.from('not a protobuf \xff');
  await stage.publish({ id: 'bad', subject: `lot.${REGION}.rematching`, payload, traceparent: null });
  await until('the alert', () => alertsSent().some((each) => each.dedup_key.endsWith('/undeliverable')));
  const { items } = await letters.list({ limit: 10 });
  assert.equal(items[0]?.cause, 'undeliverable');
  assert.equal(cells.told.length, 0);
});

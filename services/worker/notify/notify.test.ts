import assert from 'node:assert/strict';
import { createECDH, randomBytes } from 'node:crypto';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import webpush from 'web-push';
import { DEFAULT_CELL_LEVEL } from '#core/geo/cell.ts';
import { lotIdOf, type LotId } from '#core/words/ids.ts';
import { newUuid } from '#adapters/ids/uuid.ts';
import { createDeadLetters } from '#adapters/nats/deadLetters.ts';
import { createSealer } from '#adapters/crypto/sealed.ts';
import { createPusher, type Pusher } from '#adapters/webpush/pusher.ts';
import { endpointDigest, pushContext } from '#adapters/webpush/subscriptions.ts';
import { LOTS } from '#adapters/nats/streams.ts';
import { pino } from 'pino';
import { until } from '../../../dev/testing/loopServers.ts';
import { createMeters } from '../meters.ts';
import { ROLES, type RunningRole, type Workshop } from '../roles.ts';
import {
  CELL,
  eventOf,
  insertLot,
  insertOffer,
  notingCells,
  openStage,
  say,
  startReceiver,
} from '../../../dev/testing/workerStage.ts';
import type { Receiver, Stage } from '../../../dev/testing/workerStage.ts';
import { noticeOf } from './notices.ts';
import { readLotEvent } from '../lotEvent.ts';
import { LotEventSchema, type Lot, type LotEvent } from '#proto/gen/pahlawan/v1/events_pb.js';
import { toBinary } from '@bufbuild/protobuf';

const sealer = createSealer(JSON.stringify({ k1: randomBytes(32).toString('base64') }), 'k1');
let stage: Stage;
let service: Receiver;
let pusher: Pusher;
let role: RunningRole | null = null;

before(async () => {
  assert.equal(DEFAULT_CELL_LEVEL, 12);
  stage = await openStage();
  service = await startReceiver();
  pusher = createPusher({ ...webpush.generateVAPIDKeys(), subject: 'mailto:ops@example.org' }, { allowLocal: true });
});
after(async () => {
  await pusher.close();
  await service.stop();
  await stage.stop();
});
afterEach(async () => {
  await role?.stop();
  await stage.bus.jsm.consumers.delete(LOTS, 'notify').catch(() => undefined);
  await stage.clear();
  service.got.length = 0;
  service.status.clear();
});

function start(change: Partial<Workshop> = {}): void {
  role = ROLES.notify({
    ...stage,
    pool: stage.appPool,
    cells: notingCells(),
    isSidecarWell: () => Promise.resolve(true),
    alerts: { raise: () => Promise.resolve(), resolve: () => Promise.resolve() },
    pusher,
    openSubscription: (row) => sealer.open(row, pushContext(row.endpointDigest)),
    photos: null,
    redis: { url: '', prefix: 'pp' },
    texting: null,
    regionLevel: 9,
    me: 'me',
    meters: createMeters(),
    log: pino({ level: 'silent' }),
    ...change,
  });
}

/** A browser that has subscribed. */
async function subscribe(organisationId: string, role: 'donor' | 'recipient', path: string): Promise<void> {
  const browser = createECDH('prime256v1');
  const endpoint = `${service.url}${path}`;
  const subscription = {
    endpoint,
    keys: { p256dh: browser.generateKeys('base64url'), auth: randomBytes(16).toString('base64url') },
  };
  const digest = endpointDigest(endpoint);
  const { cipher, keyId } = sealer.seal(subscription, pushContext(digest));
  await stage.pool.query(
    'insert into push_subscription (endpoint_digest, organisation_id, role, cipher, key_id) values ($1, $2, $3, $4, $5)',
    [digest, organisationId, role, cipher, keyId],
  );
}

async function subscriptions(): Promise<number> {
  const { rows } = await stage.pool.query<{ count: number }>(
    'select count(*)::int as count from push_subscription where dead_at is null',
  );
  return rows[0]?.count ?? -1;
}

async function proved(lotId: LotId): Promise<boolean> {
  const { rows } = await stage.pool.query('select 1 from offer where lot_id = $1 and notified_at is not null', [lotId]);
  return rows.length > 0;
}

async function applied(lotId: LotId): Promise<number> {
  const { rows } = await stage.pool.query<{ version: number }>(
    "select (answer->>'version')::int as version from command where command_id = $1",
    [`event:notify:${lotId}`],
  );
  return rows[0]?.version ?? 0;
}

/** Every event said so far is done with. */
async function allSettled(): Promise<boolean> {
  const info = await stage.bus.jsm.consumers.info(LOTS, 'notify').catch(() => null);
  return info !== null && info.delivered.consumer_seq > 0 && info.num_pending + info.num_ack_pending === 0;
}

async function lotWithOffer(): Promise<LotId> {
  const lotId = await insertLot(stage.pool);
  await insertOffer(stage.pool, lotId);
  return lotId;
}

test('a new offer is pushed to each device of its recipient, encrypted and signed, and proved', async () => {
  await subscribe('recipient-1', 'recipient', '/phone');
  await subscribe('recipient-1', 'recipient', '/tablet');
  await subscribe('recipient-2', 'recipient', '/somebody-else');
  const lotId = await lotWithOffer();
  start();
  await say(stage, eventOf(lotId));
  await until('proved', () => proved(lotId));
  assert.deepEqual(service.got.map((each) => each.path).sort(), ['/phone', '/tablet']);
  const { headers, body } = service.got[0] ?? assert.fail();
  assert.equal(headers['content-encoding'], 'aes128gcm');
  assert.match(String(headers['authorization']), /^vapid t=/);
  assert.ok(Number(headers['ttl']) > 290 && Number(headers['ttl']) <= 300, 'until the deadline');
  assert.equal(body.includes(lotId), false);
});

test('the same event delivered again, or an older one, is not pushed again', async () => {
  await subscribe('recipient-1', 'recipient', '/phone');
  await subscribe('donor-1', 'donor', '/donor');
  const lotId = await insertLot(stage.pool);
  await insertOffer(stage.pool, lotId, { state: 'claimed' });
  start();
  const claimed = eventOf(lotId, { state: 'claimed', offerState: 'claimed', version: 3 });
  await say(stage, claimed);
  await until('the donor knows', () => applied(lotId).then((version) => version === 3));
  await say(stage, claimed);
  await say(stage, eventOf(lotId, { version: 2 }));
  await say(stage, eventOf(lotId, { state: 'collected', offerState: 'collected', version: 4 }));
  await until('the end', () => applied(lotId).then((version) => version === 4));
  assert.deepEqual(
    service.got.map((each) => each.path),
    ['/donor', '/donor'],
  );
});

test('an offer that has closed meanwhile is no news', async () => {
  await subscribe('recipient-1', 'recipient', '/phone');
  const lotId = await insertLot(stage.pool);
  await insertOffer(stage.pool, lotId, { state: 'lapsed' });
  start();
  await say(stage, eventOf(lotId));
  await say(stage, eventOf(lotId, { state: 'expired', offerState: 'expired', version: 5 }));
  await until('the later one is applied', () => applied(lotId).then((version) => version === 5));
  assert.equal(service.got.length, 0);
});

test('without a subscription the stream is the proof', async () => {
  const lotId = await lotWithOffer();
  start();
  await say(stage, eventOf(lotId));
  await until('proved', () => proved(lotId));
});

test('a dead endpoint is used no more; the other device has it', async () => {
  await subscribe('recipient-1', 'recipient', '/gone');
  await subscribe('recipient-1', 'recipient', '/phone');
  service.status.set('/gone', 410);
  const lotId = await lotWithOffer();
  start();
  await say(stage, eventOf(lotId));
  await until('proved', () => proved(lotId));
  assert.equal(await subscriptions(), 1);
});

test('a push service in trouble is asked again, the device that has it is not', async () => {
  await subscribe('recipient-1', 'recipient', '/ill');
  await subscribe('recipient-1', 'recipient', '/phone');
  service.status.set('/ill', 503);
  const lotId = await lotWithOffer();
  start();
  await say(stage, eventOf(lotId));
  await until('a second try', () => service.got.filter((each) => each.path === '/ill').length === 2);
  service.status.clear();
  await until('proved', () => proved(lotId));
  assert.equal(service.got.filter((each) => each.path === '/phone').length, 1);
});

test('given up after four tries: no proof, so that it is sent again; the repeat reaches the recipient', async () => {
  await subscribe('recipient-1', 'recipient', '/ill');
  // our key is not the one it knows: nobody was told
  service.status.set('/ill', 403);
  const lotId = await lotWithOffer();
  start();
  const event = eventOf(lotId);
  await say(stage, event);
  await until('given up', allSettled, 15_000);
  assert.equal(service.got.length, 4);
  assert.equal(await proved(lotId), false);
  service.status.clear();
  await say(stage, event);
  await until('proved', () => proved(lotId));
});

test('who was told on one phone does not wait for another that was made for another key', async () => {
  await subscribe('recipient-1', 'recipient', '/old');
  await subscribe('recipient-1', 'recipient', '/phone');
  service.status.set('/old', 403);
  const lotId = await lotWithOffer();
  start();
  await say(stage, eventOf(lotId));
  await until('settled', allSettled);
  assert.deepEqual([await proved(lotId), service.got.length], [true, 2]);
});

test('a phone whose subscription can not be opened here is not told: its offer stays without a proof', async () => {
  await subscribe('recipient-1', 'recipient', '/phone');
  const lotId = await lotWithOffer();
  let hasKey = false;
  const meters = createMeters();
  start({
    meters,
    openSubscription: (row) => {
      if (!hasKey) throw new Error('no such key');
      return sealer.open(row, pushContext(row.endpointDigest));
    },
  });
  await say(stage, eventOf(lotId));
  await pause(300);
  assert.equal(await proved(lotId), false);
  assert.match(await meters.registry.metrics(), /worker_pushes_total\{outcome="sealed"\} 1/);
  hasKey = true;
  await until('told, with the key', () => proved(lotId), 10_000);
  assert.equal(service.got.length, 1);
});

test('keys that sign nothing are found at the start, not taken for the fault of each phone', () => {
  const keys = webpush.generateVAPIDKeys();
  const rules = { allowLocal: true };
  const subject = 'mailto:ops@example.org';
  assert.throws(() => createPusher({ ...keys, subject: 'ops@example.org' }, rules), /subject/i);
  assert.throws(
    () => createPusher({ ...keys, subject, privateKey: keys.privateKey.slice(0, -2) }, rules),
    /private key/i,
  );
  assert.throws(() => createPusher({ ...keys, subject, publicKey: `x${keys.publicKey}` }, rules), /public key/i);
});

test('an endpoint in our own network is not called', async () => {
  await subscribe('recipient-1', 'recipient', '/phone');
  const strict = createPusher(
    { ...webpush.generateVAPIDKeys(), subject: 'mailto:ops@example.org' },
    { allowLocal: false },
  );
  const lotId = await lotWithOffer();
  start({ pusher: strict });
  await say(stage, eventOf(lotId));
  await until('settled', allSettled);
  assert.equal(service.got.length, 0);
  await strict.close();
});

test('what is no event of ours fails nobody but itself', async () => {
  await subscribe('recipient-1', 'recipient', '/phone');
  const lotId = await lotWithOffer();
  const spoil = (change: (lot: Lot) => void): LotEvent => {
    const event = eventOf(lotIdOf(CELL, newUuid(Date.now())));
    change(event.lot ?? assert.fail());
    return event;
  };
  const spoilt = [
    spoil((lot) => void (lot.region = 'zz')),
    spoil((lot) => void ((lot.offer ?? assert.fail()).id = 'an offer\0')),
    spoil((lot) => void ((lot.offer ?? assert.fail()).recipientId = 'a recipient\0')),
    spoil((lot) => Object.assign(lot, { donorId: 'a donor\0', state: 'expired', offer: undefined })),
  ];
  for (const event of [...spoilt, eventOf(lotId)]) await say(stage, event);
  start();
  await until('proved', () => proved(lotId), 2_000);
  const letters = createDeadLetters(stage.bus, stage.publish);
  await until('the others put aside', async () => (await letters.list({ limit: 10 })).items.length === 4, 2_000);
});

test('who is told what', () => {
  const lotId = '47a2f1b-01890a5d-ac96-774b-bcce-b302099a8057' as LotId;
  const tell = (parts: Parameters<typeof eventOf>[1]): string => {
    const event = readLotEvent(toBinary(LotEventSchema, eventOf(lotId, parts))) ?? assert.fail();
    const notice = noticeOf(event, Date.now());
    return notice === null ? 'nobody' : `${notice.organisationId}: ${String(notice.message.payload['type'])}`;
  };
  assert.equal(tell({}), 'recipient-1: offer');
  assert.equal(tell({ state: 'claimed', offerState: 'claimed' }), 'donor-1: claimed');
  assert.equal(tell({ state: 'claimed', offerState: 'claimed', remind: true }), 'recipient-1: reminder');
  assert.equal(tell({ state: 'collected', offerState: 'collected' }), 'donor-1: collected');
  assert.equal(tell({ state: 'expired', offerState: null }), 'donor-1: expired');
  assert.equal(tell({ state: 'cancelled', offerState: 'withdrawn' }), 'recipient-1: withdrawn');
  assert.equal(tell({ state: 'rematching', offerState: 'lapsed' }), 'nobody');
  const old = Date.now() - 2 * 3_600_000;
  assert.equal(tell({ state: 'collected', offerState: 'collected', occurredAtMs: old }), 'nobody');
});

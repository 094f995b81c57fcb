/** The second channel, at a local server that speaks the gateway's API. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { randomBytes } from 'node:crypto';
import { after, afterEach, before, test } from 'node:test';
import { pino } from 'pino';
import webpush from 'web-push';
import type { LotId } from '#core/words/ids.ts';
import { phoneContext } from '#adapters/crypto/contactContext.ts';
import { createSealer } from '#adapters/crypto/sealed.ts';
import { LOTS } from '#adapters/nats/streams.ts';
import { createSmsGate } from '#adapters/texting/smsGate.ts';
import { createPusher, type Pusher } from '#adapters/webpush/pusher.ts';
import { endpointDigest, pushContext } from '#adapters/webpush/subscriptions.ts';
import { until } from '../../../dev/testing/loopServers.ts';
import {
  eventOf,
  insertLot,
  insertOffer,
  notingCells,
  openStage,
  say,
  startReceiver,
} from '../../../dev/testing/workerStage.ts';
import type { Receiver, Stage } from '../../../dev/testing/workerStage.ts';
import { createMeters, type Meters } from '../meters.ts';
import { ROLES, type RunningRole } from '../roles.ts';

interface Said {
  readonly status: number;
  readonly message: string;
}

interface Gateway {
  readonly url: string;
  /** messages taken, by id */
  readonly sent: Map<string, { textMessage: { text: string }; phoneNumbers: string[]; ttl: number }>;
  readonly asked: { status: number; authorization: string | undefined }[];
  /** the next answers instead of its own */
  readonly trouble: (number | Said)[];
  stop(): Promise<void>;
}

/** SMSGate's words, by its source: of a number that is none, and of an account whose phone it doesn't know (any more). */
const BAD_NUMBER = { status: 400, message: "can't use phone in row 1: invalid phone number" };
const NO_DEVICE = { status: 400, message: 'failed to select device: record not found' };

/** As SMSGate does: 202, 409 for an id it has, 400 for a number that is none. */
async function startGateway(): Promise<Gateway> {
  const sent: Gateway['sent'] = new Map();
  const asked: Gateway['asked'] = [];
  const trouble: Gateway['trouble'] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const answer = trouble.shift() ?? answerTo(request.url, Buffer.concat(chunks).toString(), sent);
      const { status, message } = typeof answer === 'number' ? { status: answer, message: '' } : answer;
      asked.push({ status, authorization: request.headers.authorization });
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ message }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/3rdparty/v1`;
  const stop = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return { url, sent, asked, trouble, stop };
}

function answerTo(path: string | undefined, text: string, sent: Gateway['sent']): number | Said {
  if (path !== '/3rdparty/v1/messages') return 404;
  const body = JSON.parse(text) as { id: string } & (typeof sent extends Map<string, infer Message> ? Message : never);
  if (body.id.length > 36 || body.ttl < 5) return 400;
  if (!/^\+[1-9]\d{7,14}$/.test(body.phoneNumbers[0] ?? '')) return BAD_NUMBER;
  if (sent.has(body.id)) return 409;
  sent.set(body.id, body);
  return 202;
}

const PHONE = '+6281234567890';
const logged: string[] = [];
const sealer = createSealer(JSON.stringify({ k1: randomBytes(32).toString('base64') }), 'k1');
let stage: Stage;
let gateway: Gateway;
let service: Receiver;
let pusher: Pusher;
let meters: Meters;
let role: RunningRole | null = null;

before(async () => {
  stage = await openStage();
  gateway = await startGateway();
  service = await startReceiver();
  pusher = createPusher({ ...webpush.generateVAPIDKeys(), subject: 'mailto:ops@example.org' }, { allowLocal: true });
});
after(async () => {
  await pusher.close();
  await Promise.all([gateway.stop(), service.stop(), stage.stop()]);
});
afterEach(async () => {
  await role?.stop();
  await stage.bus.jsm.consumers.delete(LOTS, 'notify').catch(() => undefined);
  await stage.clear();
  gateway.sent.clear();
  gateway.asked.length = 0;
  gateway.trouble.length = 0;
  service.status.clear();
  assert.equal(logged.join('').includes('81234567890'), false, 'the number is never logged');
});

test('a number sealed under a key that is not here is waited for, a worker may come that has it; nobody was told', async () => {
  await phoneOf();
  const { rows } = await stage.pool.query<{ key_id: string }>('select key_id from phone_number');
  await stage.pool.query(`update phone_number set key_id = 'not here'`);
  const lotId = await lotWithOffer();
  start();
  await say(stage, eventOf(lotId));
  await until('it was tried', () => logged.some((line) => line.includes('sealed under a key')));
  assert.deepEqual([await proved(lotId), gateway.asked.length], [false, 0]);
  await stage.pool.query('update phone_number set key_id = $1', [rows[0]?.key_id]);
  await until('it was told', () => proved(lotId));
  assert.equal(gateway.asked.length, 1);
});

function start(): void {
  meters = createMeters();
  const texter = createSmsGate({ url: gateway.url, user: 'city', password: 'secret' });
  const running = ROLES.notify({
    ...stage,
    pool: stage.appPool,
    cells: notingCells(),
    isSidecarWell: () => Promise.resolve(true),
    alerts: { raise: () => Promise.resolve(), resolve: () => Promise.resolve() },
    pusher,
    openSubscription: (row) => sealer.open(row, pushContext(row.endpointDigest)),
    texting: { texter, sealer, publicUrl: 'https://pangan.example/' },
    photos: null,
    redis: { url: '', prefix: 'pp' },
    regionLevel: 9,
    me: 'me',
    meters,
    log: pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) }),
  });
  role = { stop: async () => (await running.stop(), await texter.close()) };
}

async function phoneOf(language: 'id' | 'en' = 'id', phone = PHONE): Promise<void> {
  await stage.pool.query(
    `insert into recipient (recipient_id, name, lat, lon, home_region_id, time_zone, categories, storages, hours, travel_mode,
       capacity_grams, daily_capacity_grams, weekly_need_grams)
     values ('recipient-1', 'R', 0, 0, 1, 'Asia/Jakarta', '{}', '{}', '[]', 'auto', 1, 1, 1)`,
  );
  const { cipher, keyId } = sealer.seal(phone, phoneContext('recipient-1'));
  assert.equal(cipher.includes(phone.slice(1)), false);
  await stage.pool.query(
    `insert into phone_number (role, organisation_id, cipher, key_id, language) values ('recipient', 'recipient-1', $1, $2, $3)`,
    [cipher, keyId, language],
  );
}

async function device(path: string, silentDays = 0): Promise<void> {
  const { createECDH } = await import('node:crypto');
  const endpoint = `${service.url}${path}`;
  const keys = {
    p256dh: createECDH('prime256v1').generateKeys('base64url'),
    auth: randomBytes(16).toString('base64url'),
  };
  const digest = endpointDigest(endpoint);
  const { cipher, keyId } = sealer.seal({ endpoint, keys }, pushContext(digest));
  await stage.pool.query(
    `insert into push_subscription (endpoint_digest, organisation_id, role, cipher, key_id, heartbeat_at)
     values ($1, 'recipient-1', 'recipient', $2, $3, now() - $4 * interval '1 day')`,
    [digest, cipher, keyId, silentDays],
  );
}

async function lotWithOffer(): Promise<LotId> {
  const lotId = await insertLot(stage.pool);
  await insertOffer(stage.pool, lotId);
  return lotId;
}
async function proved(lotId: LotId): Promise<boolean> {
  const { rows } = await stage.pool.query('select 1 from offer where lot_id = $1 and notified_at is not null', [lotId]);
  return rows.length > 0;
}
const texts = (): string[] => [...gateway.sent.values()].map(({ textMessage }) => textMessage.text);
async function phoneRow() {
  const { rows } = await stage.pool.query<{ sent: boolean; refused: boolean }>(
    'select last_sent_at is not null as sent, refused_at is not null as refused from phone_number',
  );
  return rows[0];
}

test('without a device the recipient is texted, once, in its language and its time, with a short link', async () => {
  await phoneOf();
  const lotId = await lotWithOffer();
  start();
  const event = eventOf(lotId);
  await say(stage, event);
  await until('proved', () => proved(lotId));
  await say(stage, event);
  await stage.pool.query('update offer set notified_at = null where lot_id = $1', [lotId]);
  await say(stage, event);
  await until('asked again, under the same id', async () => gateway.asked.some(({ status }) => status === 409));
  await until('proved again', () => proved(lotId));
  assert.equal(gateway.sent.size, 1);
  const [message] = gateway.sent.values();
  assert.deepEqual(message?.phoneNumbers, [PHONE]);
  assert.ok(message.ttl > 200 && message.ttl <= 300);
  assert.match(
    message.textMessage.text,
    /^Pahlawan Pangan: ada makanan untuk Anda\. Jawab sebelum \d\d\.\d\d: https:\/\/pangan\.example\/o\/[\w-]{28,34}$/,
  );
  assert.ok(message.textMessage.text.length <= 160);
  const account = Buffer.from('city:secret').toString('base64');
  assert.equal(gateway.asked[0]?.authorization, `Basic ${account}`);
  assert.equal((await phoneRow())?.sent, true);
  assert.match(await meters.registry.metrics(), /worker_texts_total\{outcome="sent"\} [12]/);
});

test('a device that takes the push is enough', async () => {
  await phoneOf();
  await device('/phone');
  const lotId = await lotWithOffer();
  start();
  await say(stage, eventOf(lotId));
  await until('proved', () => proved(lotId));
  assert.deepEqual(texts(), []);
});

test('a device that is gone, and one not heard of for 30 days, are not', async () => {
  await phoneOf('en');
  await device('/gone');
  await device('/silent', 31);
  service.status.set('/gone', 410);
  const lotId = await lotWithOffer();
  start();
  await say(stage, eventOf(lotId));
  await until('proved', () => proved(lotId));
  assert.match(texts()[0] ?? '', /there is food for you\. Answer before \d\d:\d\d: /);
  const { rows } = await stage.pool.query('select 1 from push_subscription where dead_at is not null');
  assert.equal(rows.length, 1, 'kept, for the operator to see');
});

test('a gateway in trouble is asked again; it is proved only then', async () => {
  await phoneOf();
  gateway.trouble.push(503, 429);
  const lotId = await lotWithOffer();
  start();
  await say(stage, eventOf(lotId));
  await until('proved', () => proved(lotId), 15_000);
  assert.deepEqual(
    gateway.asked.map(({ status }) => status),
    [503, 429, 202],
  );
});

test('a number that is refused is not asked again, and the offer is not held up', async () => {
  await phoneOf();
  gateway.trouble.push(BAD_NUMBER);
  const lotId = await lotWithOffer();
  start();
  await say(stage, eventOf(lotId));
  await until('it is settled', () => proved(lotId));
  assert.equal((await phoneRow())?.refused, true);
  const next = await lotWithOffer();
  await say(stage, eventOf(next));
  await until('the next one too', () => proved(next));
  assert.equal(gateway.asked.length, 1);
  await stage.pool.query(`update phone_number set refused_at = now() - interval '25 hours'`);
  const later = await lotWithOffer();
  await say(stage, eventOf(later));
  await until('a day later it is tried again', () => proved(later));
  assert.deepEqual(await phoneRow(), { sent: true, refused: false });
});

test('a gateway that has lost its own phone refuses no number', async () => {
  await phoneOf();
  gateway.trouble.push(NO_DEVICE, NO_DEVICE);
  const lotId = await lotWithOffer();
  start();
  await say(stage, eventOf(lotId));
  await until('proved', () => proved(lotId), 15_000);
  assert.deepEqual(await phoneRow(), { sent: true, refused: false });
  assert.equal(gateway.asked.length, 3);
});

test('a claim is reminded of again when its end was put off, but not for the same event', async () => {
  await phoneOf();
  const lotId = await insertLot(stage.pool);
  await insertOffer(stage.pool, lotId, { state: 'claimed' });
  start();
  const reminder = { state: 'claimed', offerState: 'claimed', remind: true };
  const first = eventOf(lotId, { ...reminder, version: 3 });
  await say(stage, first);
  await until('the first', () => gateway.sent.size === 1);
  await say(stage, first);
  await say(stage, eventOf(lotId, { ...reminder, version: 5 }));
  await until('the second', () => gateway.sent.size === 2, 3_000);
});

test('a withdrawn claim is said, too', async () => {
  await phoneOf();
  const lotId = await insertLot(stage.pool);
  await insertOffer(stage.pool, lotId, { state: 'withdrawn' });
  start();
  await say(stage, eventOf(lotId, { state: 'cancelled', offerState: 'withdrawn', version: 4 }));
  await until('texted', async () => texts().length === 1);
  assert.match(texts()[0] ?? '', /tidak perlu datang/);
});

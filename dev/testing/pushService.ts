/** A push service of one's own: takes messages as RFC 8030 says, checks who sends (RFC 8292), and decrypts as a browser does (RFC 8291). */
import { createDecipheriv, createECDH, createPublicKey, hkdfSync, randomBytes, verify } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly ttlSeconds: number;
  readonly urgency: string | undefined;
  readonly topic: string | undefined;
  /** of the sender's token: its `sub` */
  readonly sender: string;
  readonly text: string;
}

export interface Device {
  /** as the browser's PushSubscription.toJSON() */
  readonly subscription: {
    readonly endpoint: string;
    readonly keys: { readonly p256dh: string; readonly auth: string };
  };
  readonly received: Received[];
  /** the person has uninstalled it: 410 from now on */
  leave(): void;
}

export interface PushService {
  /** @param senderKey the VAPID public key that the device subscribed with: nobody else may send */
  device(senderKey: string): Device;
  stop(): Promise<void>;
}

interface Known {
  readonly senderKey: string;
  readonly keys: ReturnType<typeof createECDH>;
  readonly secret: Buffer;
  readonly received: Received[];
  isGone: boolean;
}

export async function startPushService(): Promise<PushService> {
  const devices = new Map<string, Known>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const device = devices.get(request.url ?? '');
      const status = device === undefined ? 404 : take(device, origin, request.headers, Buffer.concat(chunks));
      response
        .writeHead(status, status === 201 ? { location: `${origin}/m/${randomBytes(8).toString('hex')}` } : {})
        .end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  return {
    device(senderKey) {
      const path = `/push/${randomBytes(16).toString('base64url')}`;
      const keys = createECDH('prime256v1');
      const known = { senderKey, keys, secret: randomBytes(16), received: [] as Received[], isGone: false };
      const p256dh = keys.generateKeys('base64url');
      devices.set(path, known);
      const auth = known.secret.toString('base64url');
      const subscription = { endpoint: `${origin}${path}`, keys: { p256dh, auth } };
      return { subscription, received: known.received, leave: () => void (known.isGone = true) };
    },
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** @returns the HTTP status */
function take(device: Known, origin: string, headers: Headers, body: Buffer): number {
  if (device.isGone) return 410;
  const sender = senderOf(String(headers['authorization'] ?? ''), device.senderKey, origin);
  if (sender === null) return 403;
  const ttlSeconds = Number(headers['ttl'] ?? Number.NaN);
  if (headers['content-encoding'] !== 'aes128gcm' || !Number.isInteger(ttlSeconds) || body.length > 4_096) return 400;
  const { urgency, topic } = headers as { urgency?: string; topic?: string };
  device.received.push({ ttlSeconds, urgency, topic, sender, text: decrypt(device, body) });
  return 201;
}

/** RFC 8292: `vapid t=<ES256 JWT>, k=<public key>`; for this service, not expired, at most a day long. null: it does not fit */
function senderOf(authorization: string, senderKey: string, origin: string): string | null {
  const [, token = '', key = ''] = /^vapid t=([\w.-]+), ?k=([\w-]+)$/.exec(authorization) ?? [];
  if (key !== senderKey) return null;
  const [head = '', claims = '', signature = ''] = token.split('.');
  const raw = Buffer.from(key, 'base64url');
  const point = { x: raw.subarray(1, 33).toString('base64url'), y: raw.subarray(33).toString('base64url') };
  const publicKey = createPublicKey({ key: { kty: 'EC', crv: 'P-256', ...point }, format: 'jwk' });
  const signed = Buffer.from(`${head}.${claims}`);
  const isGood = verify(
    'sha256',
    signed,
    { key: publicKey, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
  const { aud, exp, sub } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, unknown>;
  const leftSeconds = Number(exp) - Date.now() / 1_000;
  if (!isGood || aud !== origin || !(leftSeconds > 0 && leftSeconds <= 86_400)) return null;
  return typeof sub === 'string' ? sub : null;
}

/** RFC 8188 with the keys of RFC 8291: salt 16, record size 4, key length 1, the sender's key, one record. */
function decrypt({ keys, secret }: Known, body: Buffer): string {
  const salt = body.subarray(0, 16);
  const keyEnd = 21 + body.readUInt8(20);
  const senderKey = body.subarray(21, keyEnd);
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), keys.getPublicKey(), senderKey]);
  const material = Buffer.from(hkdfSync('sha256', keys.computeSecret(senderKey), secret, info, 32));
  const key = Buffer.from(hkdfSync('sha256', material, salt, 'Content-Encoding: aes128gcm\0', 16));
  const nonce = Buffer.from(hkdfSync('sha256', material, salt, 'Content-Encoding: nonce\0', 12));
  const record = body.subarray(keyEnd);
  const decipher = createDecipheriv('aes-128-gcm', key, nonce).setAuthTag(record.subarray(-16));
  const padded = Buffer.concat([decipher.update(record.subarray(0, -16)), decipher.final()]);
  // the last record ends with 2 and zeros
  return padded.subarray(0, padded.lastIndexOf(2)).toString();
}

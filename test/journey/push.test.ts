/** An offer on its way to a phone, on the whole stack: a push that is decrypted, and a text message when the push is dead. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, it } from 'node:test';
import { askToken } from '../../dev/issuer/tokens.ts';
import { startPushService, type PushService } from '../../dev/testing/pushService.ts';
import { startHelsinki, type Helsinki } from './helsinki.ts';
import { offered, signIn, until, type Person } from './people.ts';

interface Text {
  readonly id: string;
  readonly textMessage: { readonly text: string };
  readonly phoneNumbers: readonly string[];
}

let helsinki: Helsinki;
let service: PushService;
let gateway: Server;
const texts: Text[] = [];
let donor: Person;

before(
  async () => {
    service = await startPushService();
    gateway = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        texts.push(JSON.parse(Buffer.concat(chunks).toString()) as Text);
        response.writeHead(202).end();
      });
    });
    await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
    const { port } = gateway.address() as AddressInfo;
    helsinki = await startHelsinki({
      ALLOW_LOCAL_PUSH: '1',
      SMS_GATEWAY_URL: `http://127.0.0.1:${String(port)}/3rdparty/v1`,
      SMS_GATEWAY_USER: 'city',
      SMS_GATEWAY_PASSWORD: 'secret',
    });
    donor = await signIn(helsinki, 'donor', await helsinki.aDonor());
  },
  { timeout: 180_000 },
);
after(async () => {
  await helsinki.stop();
  await service.stop();
  await new Promise((resolve) => gateway.close(resolve));
});

/** The same recipient is the best again as long as nothing is collected. */
async function recipientOfNext(): Promise<{ readonly id: string; readonly person: Person }> {
  const { id, offer } = await offered(donor);
  await donor.remove(`/v1/surplus/${id}`);
  return { id: offer.recipientId, person: await signIn(helsinki, 'recipient', offer.recipientId) };
}

it('a push is received and read; when the phone is gone, a text message comes, and the operator sees why', async () => {
  const recipient = await recipientOfNext();
  const { publicKey } = (await recipient.person.get<{ publicKey: string }>('/v1/push-subscriptions/key')).body;
  const phone = service.device(publicKey);
  const kept = await recipient.person.post<{ id: string }>('/v1/push-subscriptions', phone.subscription);
  assert.equal(kept.status, 201, JSON.stringify(kept.body));

  const first = await offered(donor);
  assert.equal(first.offer.recipientId, recipient.id);
  const pushed = await until(
    'the push is there',
    // the end of the trial before it may come to the phone, too
    async () => phone.received.find(({ text }) => text.includes(first.id)),
    (seen) => seen !== undefined,
  );
  const payload = JSON.parse(pushed?.text ?? '') as Record<string, unknown>;
  assert.deepEqual(
    [payload['type'], payload['offerId'], payload['surplusId']],
    ['offer', first.offer.id, first.id],
    pushed?.text,
  );
  assert.ok(pushed && pushed.ttlSeconds > 0 && pushed.ttlSeconds <= 300, 'until the deadline');
  assert.deepEqual([pushed.urgency, pushed.sender], ['high', 'mailto:dev@pahlawan-pangan.example']);
  assert.equal(texts.length, 0);
  const heartbeat = await recipient.person.post(`/v1/push-subscriptions/${kept.body.id}/heartbeat`, { arrived: true });
  assert.equal(heartbeat.status, 204);
  assert.ok((await seenByOperator(recipient.id)).lastPushAt);
  await donor.remove(`/v1/surplus/${first.id}`);

  await put(recipient.id, { phone: '+358 40 123 4567', language: 'en' });
  phone.leave();
  const second = await offered(donor);
  assert.equal(second.offer.recipientId, recipient.id);
  // the first offer's end may be texted, too, when the phone was gone before it
  const text = await until(
    'the text message is there',
    async () => texts.find((each) => /Answer before/.test(each.textMessage.text)),
    (seen) => seen !== undefined,
  );
  assert.deepEqual(text?.phoneNumbers, ['+358401234567']);
  const link = /https?:\/\/\S+$/.exec(text.textMessage.text)?.[0] ?? '';
  const followed = await fetch(link, { redirect: 'manual' });
  assert.deepEqual([followed.status, followed.headers.get('location')], [302, `/#/offer/${second.offer.id}`]);
  const { devices, deadDevices, phone: channel, lastTextAt } = await seenByOperator(recipient.id);
  assert.deepEqual([devices, deadDevices, channel], [0, 1, 'given']);
  assert.ok(lastTextAt);
  const again = await recipient.person.post(`/v1/push-subscriptions/${kept.body.id}/heartbeat`, {});
  assert.equal(again.status, 404, 'the app is told to subscribe anew');
});

interface Reached {
  readonly id: string;
  readonly devices: number;
  readonly deadDevices: number;
  readonly lastPushAt: string | null;
  readonly phone: string;
  readonly lastTextAt: string | null;
}

async function seenByOperator(id: string): Promise<Reached> {
  const operator = await signIn(helsinki, 'operator');
  const { items } = (await operator.get<{ items: Reached[] }>('/v1/oversight/recipients')).body;
  return items.find((each) => each.id === id) ?? assert.fail(`${id} is not listed`);
}

async function put(recipientId: string, body: object): Promise<void> {
  const token = await askToken(helsinki.issuerUrl, 'recipient', recipientId);
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const answer = await fetch(`${helsinki.apiUrl}/v1/phone-number`, {
    method: 'PUT',
    headers,
    body: JSON.stringify(body),
  });
  assert.equal(answer.status, 204, await answer.text());
}

/** A push service on this machine, and a phone for every recipient. */
import { createECDH, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { signIn, type Where } from '../journey/people.ts';

export interface Phones {
  /** recipients by the order of their pushes */
  readonly pushed: readonly string[];
  /** what it answers from now on; 201 at first */
  answer(status: number): void;
  stop(): Promise<void>;
}

/** In the endpoint's path, as push services have it: who knows it can push. */
export const CAPABILITY = 'a-capability-nobody-else-may-know';

export async function givePhones(where: Where): Promise<Phones> {
  const pushed: string[] = [];
  let status = 201;
  const server = createServer((request, response) => {
    pushed.push((request.url ?? '').split('/').at(-1) ?? '');
    response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  for (const recipient of await recipients(where)) {
    const keys = {
      p256dh: createECDH('prime256v1').generateKeys('base64url'),
      auth: randomBytes(16).toString('base64url'),
    };
    const endpoint = `http://127.0.0.1:${String(port)}/${CAPABILITY}/${recipient}`;
    const person = await signIn(where, 'recipient', recipient);
    const answer = await person.post('/v1/push-subscriptions', { endpoint, keys });
    if (answer.status !== 201) throw new Error(`subscribing ${recipient}: ${JSON.stringify(answer.body)}`);
  }
  return {
    pushed,
    answer: (next) => void (status = next),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function recipients(where: Where): Promise<string[]> {
  const operator = await signIn(where, 'operator');
  const ids: string[] = [];
  let cursor = '';
  do {
    const { body } = await operator.get<{ items: { id: string }[]; nextCursor: string | null }>(
      `/v1/recipients?limit=100${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
    );
    ids.push(...body.items.map(({ id }) => id));
    cursor = body.nextCursor ?? '';
  } while (cursor !== '');
  return ids;
}

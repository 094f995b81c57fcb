import assert from 'node:assert/strict';
import { it } from 'node:test';
import pino from 'pino';
import { limitRates, type CountRequest } from '../limits/rateLimit.ts';
import type { Directory } from '../organisations/directory.ts';
import { createServer } from '../server.ts';
import { guardRoutes } from './gate.ts';
import { principalOf } from './principal.ts';

const DONOR = { id: 'bakery', name: 'Bakery', lat: 0, lon: 0, homeRegionId: '1', active: true };
const LIMIT = 10;

/** Asks once, as a donor whose token is good. */
async function ask(find: Directory['find'], count: CountRequest): Promise<{ status: number; type: unknown }> {
  const app = createServer(pino({ level: 'silent' }), () => undefined);
  guardRoutes(app, {
    verify: () => Promise.resolve({ principal: principalOf('donor', DONOR.id, 'somebody'), leftMs: () => 0 }),
    directory: { find, forget: () => undefined },
  });
  const limits = { donor: LIMIT, recipient: LIMIT, operator: LIMIT, address: LIMIT };
  await limitRates(app, { limits, count, failed: () => undefined });
  app.get('/v1/mine', { config: { access: ['donor'] } }, () => ({}));
  const { statusCode, body } = await app.inject('/v1/mine');
  await app.close();
  return { status: statusCode, type: (JSON.parse(body) as { type?: string }).type };
}

it('an organisation is read while its request is counted: neither waits for the other', async () => {
  const counted = Promise.withResolvers<undefined>();
  const read = Promise.withResolvers<undefined>();
  const find = async (): Promise<typeof DONOR> => {
    read.resolve(undefined);
    await counted.promise;
    return DONOR;
  };
  const count = async (): Promise<[number, number]> => {
    counted.resolve(undefined);
    await read.promise;
    return [1, 1_000];
  };
  assert.deepEqual(await ask(find, count), { status: 200, type: undefined });
});

it('who asks too often is told so, whatever becomes of the reading', async () => {
  const tooMany: CountRequest = () => Promise.resolve([LIMIT + 1, 1_000]);
  const failing = (): Promise<never> => Promise.reject(new Error('no database'));
  assert.deepEqual(await ask(failing, tooMany), { status: 429, type: '/docs/errors/rate-limited' });
});

it('an organisation that nobody knows gets no further', async () => {
  const once: CountRequest = () => Promise.resolve([1, 1_000]);
  assert.deepEqual(await ask(() => Promise.resolve(null), once), {
    status: 403,
    type: '/docs/errors/organisation-unknown',
  });
});

import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, it } from 'node:test';
import { CellBusy, CellUnavailable, type CellAnswer, type TurnRequest } from '#cell/contract.ts';
import type { Command } from '#core/lots/command.ts';
import type { CellToken } from '#core/words/ids.ts';
import { createCellClient } from './cellClient.ts';

const CELL = '46920bd' as CellToken;
const DONE: CellAnswer = { ok: true, surplus: null, offer: null };
const BUSY: CellAnswer = { busy: true };
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A cell behind daprd's address that gives the n-th call the n-th answer (then the last) for all commands; null: none at all. */
async function cellThatSays(...says: readonly (CellAnswer | null)[]): Promise<{
  client: ReturnType<typeof createCellClient>;
  calls: TurnRequest[];
}> {
  const calls: TurnRequest[] = [];
  const server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => (body += String(part)));
    request.on('end', () => {
      const asked = JSON.parse(body) as TurnRequest;
      const answer = says[Math.min(calls.push(asked), says.length) - 1];
      if (answer == null) response.writeHead(500).end();
      else response.end(JSON.stringify({ answers: asked.commands.map(() => answer) }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const client = createCellClient({ daprUrl: `http://127.0.0.1:${String(port)}`, daprToken: '' });
  closing.push(
    () => client.close(),
    () => new Promise((resolve) => server.close(resolve)),
  );
  return { client, calls };
}

const command = (kind: string): Command => ({ kind, id: `${kind}-1` }) as unknown as Command;

it('a full cell refuses a post at once: nothing was done, and nobody asks again for it', async () => {
  const { client, calls } = await cellThatSays(BUSY);
  await assert.rejects(client.send(CELL, command('post')), CellBusy);
  assert.equal(calls.length, 1);
});

it('an answer is asked again until there is room', async () => {
  const { client, calls } = await cellThatSays(BUSY, BUSY, DONE);
  assert.deepEqual(await client.send(CELL, command('accept')), DONE);
  assert.equal(calls.length, 3);
});

it('a post that may have been done is never said not to be: it is asked again, or nobody knows', async () => {
  const { client } = await cellThatSays(null, BUSY, DONE);
  assert.deepEqual(await client.send(CELL, command('post')), DONE);
  const { client: never } = await cellThatSays(null, BUSY);
  await assert.rejects(never.send(CELL, command('post'), { deadlineMs: 200 }), CellUnavailable);
});

it('answers leave before the posts that waited longer', async () => {
  const { client, calls } = await cellThatSays(DONE);
  const posts = Array.from({ length: 102 }, () => client.send(CELL, command('post')));
  const accept = client.send(CELL, command('accept'));
  await accept;
  assert.deepEqual(
    calls.map(({ commands }) => commands[0]?.kind),
    ['post', 'accept'],
  );
  await Promise.all(posts);
});

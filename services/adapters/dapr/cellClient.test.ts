import assert from 'node:assert/strict';
import { createServer } from 'node:http';
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

interface Seen {
  /** the cell that was called */
  readonly called: string;
  readonly commands: readonly Command[];
  readonly ids: readonly string[];
}

/** Hosts behind daprd's address: `answers` says what each call is answered with; null: not at all. */
async function hostsThat(answers: (called: string, ids: readonly string[]) => object | null) {
  const calls: Seen[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => (body += String(part)));
    request.on('end', () => {
      const called = request.url?.split('/')[4] ?? '';
      const { commands } = JSON.parse(body) as TurnRequest;
      const ids = commands.map(({ id }) => id);
      calls.push({ called, commands, ids });
      const answer = answers(called, ids);
      if (answer === null) response.writeHead(500).end();
      else response.end(JSON.stringify(answer));
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

/** A cell that gives the n-th call the n-th answer (then the last) for all commands. */
async function cellThatSays(...says: readonly (CellAnswer | null)[]) {
  let n = 0;
  return await hostsThat((_, ids) => {
    const answer = says[Math.min(n++, says.length - 1)];
    return answer == null ? null : { answers: ids.map(() => answer) };
  });
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

/** A command for some cell, named by itself. */
const named = (id: string, kind = 'post'): Command => ({ kind, id }) as unknown as Command;

const [ONE, TWO, THREE] = ['46920bd', '46920b3', '46920b5'] as CellToken[] as [CellToken, CellToken, CellToken];

it('cells that were met on one host are called together, the others each by itself', async () => {
  const { client, calls } = await hostsThat((called, ids) => ({
    answers: ids.map(() => DONE),
    ...(called === THREE ? {} : { host: 'h' }),
  }));
  for (const cell of [ONE, TWO, THREE]) await client.send(cell, named(`first-${cell}`));
  await Promise.all([ONE, TWO, THREE].map((cell) => client.send(cell, named(`then-${cell}`))));
  const then = calls.slice(3).map(({ ids }) => ids.join(' '));
  assert.deepEqual(then.sort(), [`then-${THREE}`, `then-${ONE} then-${TWO}`]);
});

it('a cell that is not where it was met is asked itself, at once, and met anew', async () => {
  const { client, calls } = await hostsThat((called, ids) => ({
    answers: ids.map((id) => (called !== TWO && id.endsWith(TWO) && calls.length > 2 ? { away: true } : DONE)),
    host: called === TWO && calls.length > 2 ? 'other' : 'h',
  }));
  for (const cell of [ONE, TWO]) await client.send(cell, named(`first-${cell}`));
  const both = [ONE, TWO].map((cell) => client.send(cell, named(`then-${cell}`)));
  assert.deepEqual(await Promise.all(both), [DONE, DONE]);
  await Promise.all([ONE, TWO].map((cell) => client.send(cell, named(`last-${cell}`))));
  assert.deepEqual(
    calls.slice(2).map(({ called, ids }) => `${called}: ${ids.join(' ')}`),
    [`${ONE}: then-${ONE} then-${TWO}`, `${TWO}: then-${TWO}`, `${ONE}: last-${ONE}`, `${TWO}: last-${TWO}`],
  );
});

it('after a call that failed each cell is asked by itself: one that hangs holds up no other again', async () => {
  const { client, calls } = await hostsThat((_, ids) =>
    calls.length === 3 ? null : { answers: ids.map(() => DONE), host: 'h' },
  );
  for (const cell of [ONE, TWO]) await client.send(cell, named(`first-${cell}`));
  await Promise.all([ONE, TWO].map((cell) => client.send(cell, named(`then-${cell}`))));
  const again = calls.slice(3).map(({ called, ids }) => `${called}: ${ids.join(' ')}`);
  assert.deepEqual(again.sort(), [`${TWO}: then-${TWO}`, `${ONE}: then-${ONE}`].sort());
});

it('a host that takes one cell at a time refuses the others: they are asked themselves, at once', async () => {
  const { client, calls } = await hostsThat((_, ids) =>
    calls.length < 3
      ? { answers: ids.map(() => DONE), host: 'h' }
      : { answers: ids.map((_id, n) => (n === 0 ? DONE : { ok: false, refused: 'not-found', detail: '' })) },
  );
  for (const cell of [ONE, TWO]) await client.send(cell, named(`first-${cell}`));
  const both = [ONE, TWO].map((cell) => client.send(cell, named(`then-${cell}`)));
  assert.deepEqual(await Promise.all(both), [DONE, DONE]);
  assert.deepEqual(
    calls.slice(2).map(({ ids }) => ids.join(' ')),
    [`then-${ONE} then-${TWO}`, `then-${TWO}`],
  );
});

it('another host than that where a cell was met cannot say that it is gone from there', async () => {
  const { client, calls } = await hostsThat((called, ids) => ({
    answers: ids.map((id) => (calls.length === 4 && id.endsWith(TWO) ? { away: true } : DONE)),
    host: calls.length === 4 && called === ONE ? 'other' : 'h',
  }));
  for (const cell of [ONE, TWO, THREE]) await client.send(cell, named(`first-${cell}`));
  await Promise.all([ONE, TWO].map((cell) => client.send(cell, named(`then-${cell}`))));
  await Promise.all([TWO, THREE].map((cell) => client.send(cell, named(`last-${cell}`))));
  assert.equal(calls.at(-1)?.ids.join(' '), `last-${TWO} last-${THREE}`);
});

it('two calls at once are led by two cells: Dapr lets one at a time through to each', async () => {
  const { client, calls } = await hostsThat((_, ids) => ({ answers: ids.map(() => DONE), host: 'h' }));
  for (const cell of [ONE, TWO]) await client.send(cell, named(`first-${cell}`));
  const ask = (tag: string, ...cells: CellToken[]): Promise<unknown>[] =>
    cells.map((cell) => client.send(cell, named(`${tag}-${cell}`)));
  const first = ask('then', ONE);
  await new Promise((resolve) => setImmediate(resolve));
  // full, so that it does not wait for the first
  const many = Array.from({ length: 32 }, (_, n) => ask(`last-${String(n)}`, ONE, TWO));
  await Promise.all([...first, ...many.flat()]);
  assert.deepEqual(
    calls.slice(2).map(({ called }) => called),
    [ONE, TWO],
  );
});

it('who has waited too long is told so and is not sent', async () => {
  const { client, calls } = await hostsThat((_, ids) =>
    calls.length === 1 ? { answers: ids.map(() => DONE), host: 'h' } : null,
  );
  await client.send(ONE, named('first'));
  const late = Array.from({ length: 200 }, (_, n) => client.send(ONE, named(`late-${String(n)}`), { deadlineMs: 1 }));
  const outcomes = await Promise.allSettled(late);
  const isTold = (each: PromiseSettledResult<unknown>): boolean =>
    each.status === 'rejected' && (each.reason instanceof CellBusy || each.reason instanceof CellUnavailable);
  assert.ok(outcomes.every(isTold));
  assert.ok(outcomes.some((each) => each.status === 'rejected' && each.reason instanceof CellBusy));
  assert.ok(calls.flatMap(({ ids }) => ids).length < 200, 'those at the end were never sent');
});

it('a host that answers with something else is as good as none', async () => {
  const { client } = await hostsThat(() => ({ error: 'no answers' }));
  await assert.rejects(client.send(ONE, named('lost'), { deadlineMs: 100 }), CellUnavailable);
});

it('a host that does not know its own cell is not asked without end', async () => {
  const { client, calls } = await hostsThat((_, ids) => ({ answers: ids.map(() => ({ away: true })), host: 'h' }));
  await assert.rejects(client.send(ONE, named('lost'), { deadlineMs: 300 }), CellUnavailable);
  assert.ok(calls.length > 1 && calls.length < 8, String(calls.length));
});

it('answers leave before the posts that waited longer', async () => {
  const { client, calls } = await cellThatSays(DONE);
  const posts = Array.from({ length: 102 }, () => client.send(CELL, command('post')));
  const accept = client.send(CELL, command('accept'));
  await accept;
  assert.equal(calls[0]?.commands[0]?.kind, 'accept');
  await Promise.all(posts);
  assert.equal(calls.flatMap(({ commands }) => commands).length, 103);
});

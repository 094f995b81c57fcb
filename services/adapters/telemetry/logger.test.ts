import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import pg from 'pg';
import { createLogger } from './logger.ts';
import { contextOf } from './traceparent.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

before(() => void context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()));
after(() => void context.disable());

function lineOf(write: (log: ReturnType<typeof createLogger>) => void): Record<string, unknown> {
  const lines: string[] = [];
  write(createLogger('worker', 'info', { write: (line) => void lines.push(line) }));
  assert.equal(lines.length, 1);
  return JSON.parse(lines[0] ?? '') as Record<string, unknown>;
}

it('a line knows the trace it is written in, across awaits', async () => {
  const lines: string[] = [];
  const log = createLogger('api', 'info', { write: (line) => void lines.push(line) });
  await context.with(contextOf(`00-${TRACE}-${SPAN}-00`), async () => {
    await new Promise((resolve) => setImmediate(resolve));
    log.info('within');
  });
  context.with(ROOT_CONTEXT, () => log.info('without'));
  const [within, without] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.equal(within?.['trace_id'], TRACE);
  assert.equal(within['span_id'], SPAN);
  assert.equal(within['service'], 'api');
  assert.ok(without !== undefined && !('trace_id' in without));
  assert.equal(trace.getActiveSpan(), undefined);
});

it("of PostgreSQL's errors the row stays out", () => {
  const error = Object.assign(new pg.DatabaseError('null value in column "x"', 24, 'error'), {
    code: '23502',
    detail: 'Failing row contains (Aino Virtanen, +358 40 1234567).',
    where: "unnamed portal parameter $1 = 'aino@example.org'",
  });
  const line = lineOf((log) => log.warn({ err: error }, 'a turn failed'));
  assert.doesNotMatch(JSON.stringify(line), /Aino|1234567|aino@/);
  const err = line['err'] as Record<string, unknown>;
  assert.equal(err['errorCode'], '23502');
  assert.match(String(err['message']), /null value/);
  assert.match(String(err['stack']), /logger\.test/);
});

it('whole objects that somebody logs lose what is about people, and keep the rest', () => {
  const recipient = { id: 'r1', name: 'Aino Virtanen', contact: { phone: '+358 40 1234567' }, lat: 60.1, lon: 24.9 };
  const headers = { authorization: 'Bearer eyJhbGciOi' };
  const line = lineOf((log) => log.info({ recipient, request: { headers }, note: 'ring Aino', port: 8080 }, 'oops'));
  assert.doesNotMatch(JSON.stringify(line), /Aino|1234567|eyJ|60\.1|24\.9/);
  assert.equal((line['recipient'] as { id: string }).id, 'r1');
  assert.equal(line['port'], 8080);
});

it('an error within an error is told, without its data too', () => {
  const cause = Object.assign(new Error('inner'), { request: { headers: { authorization: 'Bearer secret' } } });
  const line = lineOf((log) => log.error({ err: new Error('outer', { cause }) }, 'failed'));
  assert.doesNotMatch(JSON.stringify(line), /secret/);
  assert.equal((line['err'] as { cause: { message: string } }).cause.message, 'inner');
});

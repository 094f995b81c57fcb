/** Traces and logs of the whole stack, as its exporters send them and its processes write them. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { SCHEMA_URL } from '#adapters/telemetry/conventions.ts';
import { until } from '../journey/people.ts';
import { CAPABILITY } from './phones.ts';
import { startReceiver, type Receiver } from './receiver.ts';
import { post, spansOf, tracesAreWhole, traceIdOf, type Stage } from './wholeTrace.ts';

const PRIVATE_NOTE = 'ring Aino Virtanen at +358 40 1234567, second floor';

tracesAreWhole(startReceiver, (stage) => {
  it('the conventions are pinned', () => {
    assert.deepEqual(receiverOf(stage).schemaUrls(), new Set([SCHEMA_URL]));
  });

  it('a line that is logged for a request names its trace, in whatever process', async () => {
    stage.phones.answer(400);
    const answer = await post(stage, { note: PRIVATE_NOTE });
    const traceId = traceIdOf(answer);
    const line = await until(
      `a line of trace ${traceId}`,
      () => Promise.resolve(linesOf(stage, 'worker').find((each) => each['trace_id'] === traceId)),
      (each) => each !== undefined,
    );
    stage.phones.answer(201);
    assert.equal(line?.['msg'], 'push refused');
    const spans = await spansOf(stage, traceId, ['SendPush']);
    assert.ok(spans.find((span) => span.name === 'SendPush')?.failed, 'a refused push is an error');
    assert.ok(spans.some((span) => span.spanId === line['span_id']));
  });

  it('a turn that fails says so in the log of its trace', { timeout: 60_000 }, async () => {
    const failed = (): Record<string, unknown> | undefined =>
      linesOf(stage, 'actor-host').find((line) => line['msg'] === 'a turn failed');
    const mended = stage.helsinki.killAndWait('postgres');
    await until(
      'the failed turn',
      async () => {
        await post(stage).catch(() => undefined);
        return failed()?.['trace_id'];
      },
      (traceId) => /^[0-9a-f]{32}$/.test(String(traceId)),
      30_000,
    );
    await mended;
    await until(
      'posts again',
      () => post(stage).catch(() => null),
      (answer) => answer !== null,
      30_000,
    );
  });

  it('neither spans nor logs tell of people', async () => {
    const answer = await post(stage, { note: PRIVATE_NOTE });
    await spansOf(stage, traceIdOf(answer), ['SendPush']);
    const spans = JSON.stringify(receiverOf(stage).all());
    const logs = ['api', 'actor-host', 'relay', 'worker'].map((name) => logOf(stage, name)).join('\n');
    assert.ok(spans.length > 10_000 && logs.length > 500);
    for (const secret of ['Aino', '1234567', CAPABILITY, 'Bearer', 'eyJ', 'rye bread']) {
      assert.ok(!spans.includes(secret), `a span holds ${secret}`);
      assert.ok(!logs.includes(secret), `a log holds ${secret}`);
    }
  });
});

function receiverOf({ keeper }: Stage): Receiver {
  return keeper as Receiver;
}

function logOf({ helsinki }: Stage, name: string): string {
  const folder = join(helsinki.dir, 'logs');
  assert.ok(readdirSync(folder).includes(`${name}.log`));
  return readFileSync(join(folder, `${name}.log`), 'utf8');
}

function linesOf(stage: Stage, name: string): Record<string, unknown>[] {
  return logOf(stage, name)
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

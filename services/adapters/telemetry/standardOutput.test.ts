import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { it } from 'node:test';
import { standardOutput } from './standardOutput.ts';

it('a disk without room below the log holds nobody up, neither at work nor at the end', () => {
  const full = openSync('/dev/full', 'w');
  const logger = new URL('logger.ts', import.meta.url).href;
  const program = `
    const { createLogger } = await import('${logger}');
    const log = createLogger('api', 'info');
    for (let n = 0; n < 3; n++) log.info('a line');
    setTimeout(() => process.stderr.write('at work'), 10);`;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', full, 'pipe'],
    encoding: 'utf8',
    timeout: 20_000,
  });
  closeSync(full);
  assert.deepEqual([status, stderr], [0, 'at work']);
});

it('a reader that reads no more holds nobody up', async () => {
  const logger = new URL('logger.ts', import.meta.url).href;
  const program = `
    const { createLogger } = await import('${logger}');
    const log = createLogger('api', 'info');
    for (let n = 0; n < 5_000; n++) log.info('a line that is some hundred bytes long with all that stands in it');
    process.stderr.write('at work');
    setTimeout(() => {}, 10_000);`;
  // what Node.js calls a pipe is a socket
  const script = '"$0" --input-type=module -e "$1" | sleep 20';
  const stdio = ['ignore', 'ignore', 'pipe'] as const;
  const child = spawn('sh', ['-c', script, process.execPath, program], { stdio: [...stdio], detached: true });
  try {
    const [said] = (await once(child.stderr, 'data', { signal: AbortSignal.timeout(10_000) })) as [Buffer];
    assert.equal(said.toString(), 'at work');
  } finally {
    process.kill(-(child.pid ?? 0), 'SIGKILL');
  }
});

it('tells how many lines it dropped, and begins a new line after one that was torn', () => {
  let room = 12;
  let written = '';
  const out = standardOutput((bytes) => {
    if (room === 0) throw new Error('ENOSPC');
    const part = bytes.subarray(0, room).toString();
    written += part;
    room -= part.length;
    return part.length;
  });
  out.write('{"msg":1}\n');
  out.write('{"msg":2}\n');
  out.write('{"msg":3}\n');
  room = 1_000;
  out.write('{"msg":4}\n');
  assert.equal(written, '{"msg":1}\n{"\n{"level":40,"msg":"2 lines were dropped"}\n{"msg":4}\n');
});

it('a part that was written is not written again', () => {
  let written = '';
  const out = standardOutput((bytes) => {
    written += bytes.subarray(0, 3).toString();
    return Math.min(3, bytes.length);
  });
  out.write('a whole line\n');
  assert.equal(written, 'a whole line\n');
});

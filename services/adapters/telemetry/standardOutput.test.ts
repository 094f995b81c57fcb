import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
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

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { it } from 'node:test';

const ENDING = new URL('./ending.ts', import.meta.url).href;
const PROGRAM = `import { endSignal, stopAtEnd } from ${JSON.stringify(ENDING)};
  import { setTimeout as pause } from 'node:timers/promises';
  const starting = pause(60_000, 'never', { signal: endSignal() });
  stopAtEnd(() => console.log('first'));
  stopAtEnd(async () => (await starting).stop());
  stopAtEnd(async () => { await pause(50); console.log('last'); });
  console.log('up');
  await starting;`;

it('told twice, it ends at once', async () => {
  const hanging = `import { stopAtEnd } from ${JSON.stringify(ENDING)};
    stopAtEnd(() => new Promise(() => undefined));
    setInterval(() => undefined, 1_000);
    console.log('up');`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', hanging], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  await once(child.stderr, 'data');
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [130, null]);
});

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  it(`${signal} stops what was started, the last first, whatever is under way or fails`, async () => {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', PROGRAM], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    let complained = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complained += text));
    const ended = once(child, 'close');
    await once(child.stdout, 'data');
    child.kill(signal);
    assert.deepEqual(await ended, [130, null]);
    assert.equal(said, 'up\nlast\nfirst\n');
    assert.equal(complained, `${signal}: stopping what was started\n`);
  });

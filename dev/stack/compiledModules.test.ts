import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { it } from 'node:test';
import { compileModules } from './compiledModules.ts';
import { temporaryFolder } from './ending.ts';
import { CHECKOUT } from './tools.ts';

it('once compiled, each of our processes starts without compiling a module or taking away a type', (t) => {
  const { dir: cache, remove } = temporaryFolder('compiled');
  t.after(remove);
  compileModules(CHECKOUT, cache);
  for (const kind of ['api', 'actor-host', 'relay', 'worker']) {
    const main = join(CHECKOUT, 'services', kind, 'main.ts');
    const env = { NODE_COMPILE_CACHE: cache, NODE_DEBUG_NATIVE: 'COMPILE_CACHE' };
    const { stderr, status } = spawnSync(process.execPath, [main], { env, encoding: 'utf8', maxBuffer: 64 << 20 });
    assert.equal(status, 1, 'it ends for want of what it must be told');
    const read = stderr.split('\n').filter((line) => line.includes('reading cache'));
    assert.ok(read.some((line) => line.includes(`StrippedTypeScript file://${main}`)));
    assert.deepEqual(
      read.filter((line) => !line.includes('success')),
      [],
    );
  }
});

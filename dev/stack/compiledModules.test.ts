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
    assert.ok(stderr.includes(`for StrippedTypeScript file://${main}`));
    // Each is said in two pieces, between which another thread of Node's may say something: so pieces are counted, not lines.
    const count = (piece: string): number => stderr.split(piece).length - 1;
    assert.ok(count('reading cache from ') > 0);
    assert.equal(count('success, size='), count('reading cache from '));
  }
});

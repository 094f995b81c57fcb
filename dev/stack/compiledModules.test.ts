import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { compileModules } from './compiledModules.ts';
import { temporaryFolder } from './ending.ts';
import { CHECKOUT } from './tools.ts';

/** Every file below the folder, by when it was written last. */
function filesIn(dir: string): Record<string, number> {
  const names = readdirSync(dir, { recursive: true, encoding: 'utf8' });
  const stats = names.map((name) => [name, statSync(join(dir, name))] as const);
  return Object.fromEntries(stats.filter(([, stat]) => stat.isFile()).map(([name, stat]) => [name, stat.mtimeMs]));
}

it('once compiled, each of our processes starts without compiling a module or taking away a type', (t) => {
  const { dir: cache, remove } = temporaryFolder('compiled');
  t.after(remove);
  compileModules(CHECKOUT, cache);
  const compiled = filesIn(cache);
  assert.notDeepEqual(compiled, {});
  for (const kind of ['api', 'actor-host', 'relay', 'worker']) {
    const main = join(CHECKOUT, 'services', kind, 'main.ts');
    const { status } = spawnSync(process.execPath, [main], { env: { NODE_COMPILE_CACHE: cache } });
    assert.equal(status, 1, 'it ends for want of what it must be told');
    // Node keeps whatever it did not find.
    assert.deepEqual(filesIn(cache), compiled, kind);
  }
});

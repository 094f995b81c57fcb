/** The README's examples run as they stand: what a newcomer pastes works. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { startHelsinki, type Helsinki } from './helsinki.ts';

const HOUSE = join(import.meta.dirname, '../..');
const README = readFileSync(join(HOUSE, 'README.md'), 'utf8');

let helsinki: Helsinki;
before(async () => void (helsinki = await startHelsinki()), { timeout: 180_000 });
after(() => helsinki.stop());

/** The blocks marked `<!-- test -->`, in order. */
function examples(): string[] {
  return [...README.matchAll(/<!-- test -->\n```sh\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');
}

it('the marked examples lead from a post to a handover', () => {
  const blocks = examples();
  assert.ok(blocks.length >= 3);
  const script = ['set -euo pipefail', ...blocks].join('\n').replace('http://127.0.0.1:8080', helsinki.apiUrl);
  const path = `${join(HOUSE, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`;
  const env = { ...process.env, PATH: path, RUN_DIR: helsinki.dir };
  const run = spawnSync('bash', ['-c', script], { cwd: HOUSE, encoding: 'utf8', env });
  assert.equal(run.status, 0, run.stderr + run.stdout);
  assert.match(run.stdout, /"reasons":\[\{"code":"distance"/);
  assert.match(run.stdout, /"state":"claimed"/);
  assert.match(run.stdout, /"state":"collected"/);
  assert.doesNotMatch(run.stdout, /\/docs\/errors\//);
});

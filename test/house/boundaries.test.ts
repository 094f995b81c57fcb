/** The rules about rooms and arrows can fail: one violation of each is planted in a copy of the house, and must be caught. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, it } from 'node:test';

const HOUSE = join(import.meta.dirname, '../..');
const ROOMS = ['actors', 'services', 'proto'];

/** rule → files that break it (path → text) */
const PLANTED: Record<string, Record<string, string>> = {
  'no-cycles': {
    'actors/core/words/one.ts': "import './two.ts';\nexport const one = 1;\n",
    'actors/core/words/two.ts': "import './one.ts';\nexport const two = 2;\n",
  },
  'core-is-pure': {
    'actors/core/words/clock.ts': "import { hrtime } from 'node:process';\nexport const now = hrtime;\n",
  },
  'cell-knows-core-only': {
    'actors/cell/direct.ts': "export { createPool } from '../../services/adapters/postgres/pool.ts';\n",
  },
  'proto-imports-nothing': { 'proto/words.ts': "export { CATEGORIES } from '../actors/core/words/food.ts';\n" },
  'services-apart': { 'services/relay/peek.ts': "export { createApp } from '../actor-host/app.ts';\n" },
  'adapters-import-no-service': {
    'services/adapters/geo/up.ts': "export { createApp } from '../../actor-host/app.ts';\n",
  },
  'services-import-downwards': {
    'services/relay/tested.ts': "export { thing } from '../../dev/thing.ts';\n",
    'dev/thing.ts': 'export const thing = 1;\n',
  },
  'web-stands-on-core': { 'web/app.ts': "export { createPool } from '../services/adapters/postgres/pool.ts';\n" },
  'no-test-in-production': {
    'actors/core/words/world.ts': "export { createWorld } from '../lots/evening.testkit.ts';\n",
  },
  resolvable: { 'services/relay/lost.ts': "export { nothing } from './nowhere.ts';\n" },
  'no-dev-dependencies-in-production': { 'services/relay/law.ts': "export { default } from 'fast-check';\n" },
};

let copy: string;
before(() => {
  copy = mkdtempSync(join(tmpdir(), 'house-'));
  for (const each of [...ROOMS, 'package.json', 'tsconfig.json', '.dependency-cruiser.cjs']) {
    cpSync(join(HOUSE, each), join(copy, each), { recursive: true });
  }
  symlinkSync(join(HOUSE, 'node_modules'), join(copy, 'node_modules'));
  for (const files of Object.values(PLANTED)) {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(copy, path)), { recursive: true });
      writeFileSync(join(copy, path), text);
    }
  }
});
after(() => rmSync(copy, { recursive: true, force: true }));

function cruise(folder: string, rooms: readonly string[]): { rule: { name: string }; from: string }[] {
  const bin = join(HOUSE, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const args = [bin, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...rooms];
  const done = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 });
  assert.ok(done.stdout.startsWith('{'), done.stderr);
  const { summary } = JSON.parse(done.stdout) as {
    summary: { violations: { rule: { name: string }; from: string }[] };
  };
  return summary.violations;
}

it('each rule catches the violation planted for it', () => {
  const violations = cruise(copy, [...ROOMS, 'web', 'dev']);
  for (const [rule, files] of Object.entries(PLANTED)) {
    const caught = violations.some((each) => each.rule.name === rule && each.from in files);
    assert.ok(caught, `${rule} did not catch ${Object.keys(files).join(', ')}`);
  }
});

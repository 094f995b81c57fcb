import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { constants } from 'node:buffer';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { writeJson, writeJsonLines } from './files.ts';

const dir = mkdtempSync(join(tmpdir(), 'files-'));
const path = join(dir, 'file');
after(() => rmSync(dir, { recursive: true, force: true }));

it('reads back as what was written', () => {
  const object = { seed: '7', none: undefined, nothing: [], rows: [{ a: 'ä\n' }, null, [1]], counters: { v: 1 } };
  for (const each of [object, {}]) {
    writeJson(path, each);
    assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), JSON.parse(JSON.stringify(each)));
  }
  writeJsonLines(path, [{ a: 1 }, 'b']);
  assert.equal(readFileSync(path, 'utf8'), '{"a":1}\n"b"\n');
});

it('may be longer than a text can be, as an hour of operations is', () => {
  const note = 'x'.repeat(2 ** 20);
  const count = Math.ceil(constants.MAX_STRING_LENGTH / note.length) + 1;
  writeJson(path, { rows: Array.from({ length: count }, () => note) });
  assert.ok(statSync(path).size > constants.MAX_STRING_LENGTH);
});

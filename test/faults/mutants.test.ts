import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { AVAILABILITY_LAW } from './availability.ts';
import { LAW_NAMES } from './laws.ts';
import { MUTANTS } from './mutants.ts';

const ROOT = join(import.meta.dirname, '../..');
const WRITES = readFileSync(join(ROOT, 'services/adapters/postgres/migrations/012.do.facts.sql'), 'utf8');
/** Those of the verdict, beside those over the evidence. */
const OTHERS = [AVAILABILITY_LAW, 'quiet within 60 s of the last fault', 'operations on a lot are linearizable'];

describe('each planted bug has its place in the product as it is, and a law', () => {
  for (const [name, { database = [], modules = [], caughtBy }] of Object.entries(MUTANTS)) {
    it(name, () => {
      for (const { from } of database) assert.ok(WRITES.includes(from), from);
      for (const { file, from } of modules) assert.ok(readFileSync(join(ROOT, file), 'utf8').includes(from), from);
      assert.ok([...LAW_NAMES, ...OTHERS].includes(caughtBy), caughtBy);
    });
  }
});

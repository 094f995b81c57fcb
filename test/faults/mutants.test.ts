import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ALL_LAWS } from './judge.ts';
import { MUTANTS } from './mutants.ts';

const ROOT = join(import.meta.dirname, '../..');
const WRITES = readFileSync(join(ROOT, 'services/adapters/postgres/migrations/012.do.facts.sql'), 'utf8');

describe('each planted bug has its place in the product as it is, and laws', () => {
  for (const [name, { database = [], modules = [], caughtBy }] of Object.entries(MUTANTS)) {
    it(name, () => {
      for (const { from } of database) assert.ok(WRITES.includes(from), from);
      for (const { file, from } of modules) assert.ok(readFileSync(join(ROOT, file), 'utf8').includes(from), from);
      assert.ok(caughtBy.length > 0);
      for (const law of caughtBy) assert.ok(ALL_LAWS.includes(law), law);
    });
  }
});

describe('each law must catch a planted bug: that it can fail is shown', () => {
  const caught = new Set(Object.values(MUTANTS).flatMap(({ caughtBy }) => caughtBy));
  for (const law of ALL_LAWS) it(law, () => assert.ok(caught.has(law)));
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statementsOf } from './statementsOf.ts';

test('a script is cut at the semicolons that end a statement, and at no others', () => {
  const body = "do $$ begin\n  -- why; not\n  perform 'a;b'; execute $q$ x; $q$;\nend $$";
  const script = `-- first; of all
create table a (
  b text default 'it''s;', -- last; of all
  "c;d" text
);
/* none;
   here */
${body};

insert into a values ('--;', $1)`;
  assert.deepEqual(statementsOf(script), [
    `create table a (\n  b text default 'it''s;', \n  "c;d" text\n)`,
    body,
    `insert into a values ('--;', $1)`,
  ]);
});

test('what holds no statement has none', () => {
  assert.deepEqual(statementsOf(''), []);
  assert.deepEqual(statementsOf(';;\n-- nothing;\n ; '), []);
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import * as pinned from '@opentelemetry/semantic-conventions/incubating';
import * as ours from './conventions.ts';

it('every name is the one of the pinned conventions', () => {
  const names = Object.entries(ours).filter(([name]) => name.startsWith('ATTR_'));
  assert.ok(names.length > 10);
  for (const [name, value] of names) assert.equal((pinned as Record<string, unknown>)[name], value, name);
});

it('the schema is that of the pinned version', () => {
  const { devDependencies } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  assert.equal(devDependencies['@opentelemetry/semantic-conventions'], ours.CONVENTIONS_VERSION);
});

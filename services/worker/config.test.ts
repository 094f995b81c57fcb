import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ROLE_NAMES, rolesOf } from './config.ts';

test('roles: by flag, else by environment, in a fixed order; what is no role is named', () => {
  assert.deepEqual(rolesOf([], ROLE_NAMES.join(',')), [...ROLE_NAMES]);
  assert.deepEqual(rolesOf(['--roles=notify,sweep'], 'keep'), ['sweep', 'notify']);
  assert.throws(() => rolesOf(['--roles=sweep,cook'], ''), /No such role: cook/);
  assert.throws(() => rolesOf([], ''), /none given/);
});

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createWorld, lotIdNumber, postOf } from '#core/lots/evening.testkit.ts';
import { policyOf } from '#core/lots/policy.ts';
import { seekingOf } from './facts.ts';

const LOT = lotIdNumber(1);

it('the food bank is asked for by whoever was dead-lettered, whatever tries an opening hour has given back since', () => {
  const world = createWorld([]);
  world.run(postOf(1));
  const posted = world.lots.get(LOT);
  assert.ok(posted);
  const asked = (tries: number, deadLettered: boolean): boolean | undefined => {
    const lot = { ...posted, state: 'rematching' as const, tries, deadLettered };
    const wake = { kind: 'wake', id: 'w', fingerprint: null, lotId: LOT } as const;
    return seekingOf([wake], new Map([[LOT, lot]]), policyOf(1_000))[0]?.lastResort;
  };
  assert.deepEqual([asked(2, false), asked(2, true), asked(3, false)], [false, true, true]);
});

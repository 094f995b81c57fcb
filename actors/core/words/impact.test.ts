import assert from 'node:assert/strict';
import { it } from 'node:test';
import { impactOf } from './impact.ts';

it('counts whole meals and kilograms of CO2 equivalent', () => {
  const factors = { mealKg: 0.42, mealSource: 'WRAP', co2eKgPerKg: 2.58, co2eSource: 'ReFED' };
  assert.deepEqual(impactOf(10_000, factors), { kg: 10, meals: 23, co2eKg: 25.8 });
  assert.deepEqual(impactOf(0, factors), { kg: 0, meals: 0, co2eKg: 0 });
  assert.equal(impactOf(419, factors).meals, 0);
});

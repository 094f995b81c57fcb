/** The laws of the core, over random evenings: whatever is asked in whatever order, these hold. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import type { Command } from './command.ts';
import type { Decision } from './decide.ts';
import {
  createWorld,
  HOUR_MS,
  lotIdNumber,
  MINUTE_MS,
  openGramsOf,
  postOf,
  recipientNamed,
  START_MS,
  type World,
} from './evening.testkit.ts';
import { currentOffer, isEnd, NEXT_STATES, OVERRIDE_REASONS, type Lot } from './lot.ts';
import { codeOf } from './evening.testkit.ts';
import { postedAtMsOf, type RecipientId } from '../words/ids.ts';

interface Step {
  readonly what:
    | 'post'
    | 'accept'
    | 'part'
    | 'decline'
    | 'release'
    | 'handover'
    | 'less'
    | 'cancel'
    | 'wake'
    | 'rematch'
    | 'fallback'
    | 'replay'
    | 'assign'
    | 'withdraw'
    | 'extend'
    | 'wait'
    | 'lose';
  readonly pick: number;
  readonly amount: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom(
    'post',
    'post',
    'accept',
    'part',
    'decline',
    'release',
    'handover',
    'less',
    'cancel',
    'wake',
    'wake',
    'rematch',
    'fallback',
    'replay',
    'assign',
    'withdraw',
    'extend',
    'wait',
    'lose',
  ),
  pick: fc.nat(1_000),
  amount: fc.integer({ min: 1, max: 60_000 }),
});

const recipients = () => [
  recipientNamed('a', { capacityGrams: 20_000, dailyCapacityGrams: 30_000 }),
  recipientNamed('b', { capacityGrams: 50_000, lat: 60.18, categories: ['prepared'] }),
  recipientNamed('c', { capacityGrams: 5_000, lat: 60.2, hours: [[5 * 1440 + 21 * 60, 5 * 1440 + 22 * 60]] }),
  recipientNamed('bank', { fallback: true, capacityGrams: 90_000, dailyCapacityGrams: 1e9 }),
];

function commandOf(world: World, { what, pick, amount }: Step, n: number): Command | null {
  const base = { id: `c${String(n)}`, fingerprint: 'f' };
  if (what === 'post') {
    const hours = 1 + (pick % 5);
    const category = pick % 3 === 0 ? 'bakery' : 'prepared';
    return {
      ...postOf(n, { quantityGrams: amount, safeUntilMs: world.nowMs + hours * HOUR_MS, category }),
      lotId: lotIdNumber(n, world.nowMs),
    };
  }
  const lots = [...world.lots.values()];
  const lot = lots[pick % Math.max(1, lots.length)];
  if (lot === undefined) return null;
  if (what === 'wake' || what === 'replay') return { kind: what, ...base, lotId: lot.id };
  if (what === 'rematch' || what === 'fallback') return { kind: what, ...base, lotId: lot.id, version: lot.version };
  if (what === 'cancel') return { kind: 'cancel', ...base, lotId: lot.id, donorId: lot.donorId, ifVersion: null };
  const override = { ...base, lotId: lot.id, by: 'siti', why: 'w' };
  if (what === 'withdraw') return { kind: 'withdraw', ...override };
  if (what === 'extend') return { kind: 'extend', ...override, untilMs: world.nowMs + (amount % 200) * MINUTE_MS };
  if (what === 'assign') {
    const recipientId = world.recipients[amount % world.recipients.length]?.recipientId ?? ('nobody' as RecipientId);
    return { kind: 'assign', ...override, recipientId };
  }
  const offer = lot.offers.at(-1);
  if (offer === undefined) return null;
  const on = { ...base, offerId: offer.id, recipientId: offer.recipientId };
  const code = codeOf(offer.id, offer.recipientId, offer.codeGeneration);
  if (what === 'accept') return { kind: 'accept', ...on, quantityGrams: null };
  if (what === 'part')
    return { kind: 'accept', ...on, quantityGrams: Math.max(1, Math.floor((amount / 60_000) * offer.quantityGrams)) };
  if (what === 'decline' || what === 'release') return { kind: what, ...on, reason: 'r' };
  if (what === 'handover') return { kind: 'handover', ...on, code, quantityGrams: null };
  if (what === 'less')
    return {
      kind: 'handover',
      ...on,
      code,
      quantityGrams: Math.max(1, Math.floor((amount / 60_000) * offer.quantityGrams)),
    };
  return null;
}

function play(steps: readonly Step[]): void {
  const world = createWorld(recipients());
  let postedGrams = 0;
  let batch: Command[] = [];
  for (const [n, each] of steps.entries()) {
    if (each.what === 'wait') world.nowMs += (each.pick % 40) * MINUTE_MS;
    if (each.what === 'lose') world.ready = each.pick % 4 !== 0;
    const command = commandOf(world, each, n);
    if (command !== null) batch.push(command);
    if (each.pick % 3 === 0 || n === steps.length - 1) {
      const before = new Map(world.lots);
      const decision = world.run(...batch);
      batch = [];
      for (const change of decision.changes) if (change.before === null) postedGrams += change.after.postedGrams;
      checkLaws(world, before, decision, postedGrams);
    }
  }
}

function checkLaws(world: World, before: ReadonlyMap<string, Lot>, decision: Decision, postedGrams: number): void {
  let grams = 0;
  for (const lot of world.lots.values()) {
    grams += lot.quantityGrams;
    assert.ok(lot.quantityGrams > 0, 'no empty lot');
    assert.equal(lot.postedAtMs, postedAtMsOf(lot.id), 'found by the time in its id');
    const live = lot.offers.filter((offer) => offer.state === 'open' || offer.state === 'claimed');
    assert.ok(live.length <= 1, 'at most one open offer a lot');
    assert.equal(
      live.length === 1,
      lot.state === 'offered' || lot.state === 'claimed',
      `${lot.state} with ${String(live.length)} live offers`,
    );
    if (live[0] !== undefined) assert.equal(live[0].quantityGrams, lot.quantityGrams, 'the offer is the lot');
    if (live[0] !== undefined) assert.ok(live[0].deadlineMs <= lot.safeUntilMs, 'no deadline past safe-until');
    assert.ok((lot.pickupByMs ?? 0) <= lot.safeUntilMs, 'nobody is to collect after safe-until');
    assert.equal(lot.nextActionAtMs === null, isEnd(lot.state), 'every open lot has something to come');
  }
  assert.equal(grams, postedGrams, 'grams are conserved');
  for (const each of world.recipients) {
    const open = openGramsOf(world, each.recipientId);
    assert.ok(open <= each.capacityGrams, `${each.name} holds ${String(open)} g`);
    assert.ok(
      open + (world.collectedGrams.get(each.recipientId) ?? 0) <= each.dailyCapacityGrams,
      `${each.name}'s day`,
    );
  }
  for (const change of decision.changes) {
    const was = before.get(change.after.id);
    assert.ok(was === undefined || !isEnd(was.state) || was.state === change.after.state, 'an end is an end');
    assert.equal(change.after.version, (was?.version ?? 0) + change.transitions.length, 'one version a step');
    for (const step of change.transitions) {
      const isOverride = (OVERRIDE_REASONS as readonly string[]).includes(step.reason);
      if (isOverride) assert.deepEqual(JSON.parse(step.detail ?? ''), { by: 'siti', why: 'w' }, 'who and why');
      assert.ok(
        step.from === null ? step.to === 'posted' : NEXT_STATES[step.from].includes(step.to),
        `${String(step.from)} → ${step.to}`,
      );
    }
    const offer = currentOffer(change.after);
    if (offer !== null && offer.state === 'open' && !offer.fallback) {
      const earlier = change.after.offers
        .slice(0, -1)
        .some((each) => each.recipientId === offer.recipientId && each.state !== 'withdrawn');
      const wasReplayed = change.after.offers.length > 1 && change.after.tried.length === 0;
      assert.ok(
        !earlier || wasReplayed || !change.after.tried.includes(offer.recipientId),
        'not the same recipient again',
      );
    }
  }
}

it('conserves grams, never offers twice, keeps to capacity, and stays within the state machine', () => {
  fc.assert(fc.property(fc.array(step, { minLength: 1, maxLength: 80 }), play), { numRuns: 1_500 });
});

it('every lot comes to exactly one end when time alone goes on', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
      const world = createWorld(recipients());
      steps.forEach((each, n) => {
        const command = commandOf(world, each, n);
        if (command !== null) world.run(command);
      });
      for (let wakes = 0; wakes < 5_000; wakes++) {
        const open = [...world.lots.values()].filter((lot) => !isEnd(lot.state));
        if (open.length === 0) return;
        world.nowMs = Math.max(world.nowMs, Math.min(...open.map((lot) => lot.nextActionAtMs ?? 0)));
        for (const lot of open)
          world.run({ kind: 'wake', id: `w${String(wakes)}${lot.id}`, fingerprint: null, lotId: lot.id });
      }
      assert.fail(`still open at ${String((world.nowMs - START_MS) / HOUR_MS)} h`);
    }),
    { numRuns: 300 },
  );
});

it('the same input gives the same output', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
      const runs = [createWorld(recipients()), createWorld(recipients())].map((world) =>
        steps.map((each, n) => {
          const command = commandOf(world, each, n);
          return command === null ? null : JSON.stringify(world.run(command).changes);
        }),
      );
      assert.deepEqual(runs[0], runs[1]);
    }),
    { numRuns: 200 },
  );
});

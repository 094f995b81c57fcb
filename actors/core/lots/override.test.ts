import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Answer } from './command.ts';
import { createWorld, lotIdNumber, MINUTE_MS, offerOf, openGramsOf, postOf } from './evening.testkit.ts';
import { recipientNamed, type World } from './evening.testkit.ts';
import type { Lot } from './lot.ts';
import type { RecipientId } from '../words/ids.ts';

const LOT = lotIdNumber(1);
let commands = 0;
const on = () => ({ id: `c${String(commands++)}`, fingerprint: 'f', lotId: LOT, by: 'siti', why: 'they rang' });
const to = (name: string) => ({ kind: 'assign', ...on(), recipientId: name as RecipientId }) as const;

function only(world: World, command: Parameters<World['run']>[0]): Answer {
  const [answer] = world.run(command).answers.values();
  assert.ok(answer);
  return answer;
}
function refusal(answer: Answer): string {
  assert.ok(!answer.ok);
  return answer.refused;
}
function lotIn(world: World): Lot {
  const lot = world.lots.get(LOT);
  assert.ok(lot);
  return lot;
}
const accept = (world: World) =>
  world.run({
    kind: 'accept',
    id: `a${String(commands++)}`,
    fingerprint: 'f',
    ...offerOf(world, LOT),
    quantityGrams: null,
  });

/** The nearest has it; `far` is closed now and 2 km away. */
function evening(): World {
  const far = recipientNamed('far', { lat: 60.19, hours: [] });
  const world = createWorld([recipientNamed('near'), far, recipientNamed('bank', { fallback: true })]);
  world.run(postOf(1));
  assert.equal(offerOf(world, LOT).recipientId, 'near');
  return world;
}

describe('assigning', () => {
  it('offers the lot to whom the rules would not ask, who still answers for itself; the step says who and why', () => {
    const world = evening();
    assert.ok(only(world, to('far')).ok);
    const lot = lotIn(world);
    assert.deepEqual(
      [lot.state, offerOf(world, LOT).recipientId, lot.offers[0]?.state],
      ['offered', 'far', 'withdrawn'],
    );
    assert.equal(openGramsOf(world, 'near'), 0);
    assert.deepEqual(
      lot.offers[1]?.reasons.map((reason) => reason.code),
      ['distance', 'assigned'],
    );
    accept(world);
    assert.equal(lotIn(world).state, 'claimed');
    assert.equal(refusal(only(world, to('near'))), 'already-claimed');
  });

  it('asks who let it lapse before, and leaves out nobody else for it', () => {
    const world = evening();
    world.nowMs += 6 * MINUTE_MS;
    world.run({ kind: 'wake', ...on() });
    assert.deepEqual(lotIn(world).tried, ['near']);
    assert.ok(only(world, to('near')).ok);
    assert.deepEqual([lotIn(world).tried, offerOf(world, LOT).recipientId], [[], 'near']);
  });

  it('keeps to capacity and to what the recipient can take', () => {
    const world = createWorld([
      recipientNamed('near'),
      recipientNamed('full', { capacityGrams: 400 }),
      recipientNamed('half', { capacityGrams: 4_000 }),
      recipientNamed('paused', { active: false }),
      recipientNamed('bakery', { categories: ['bakery'] }),
      recipientNamed('shelf', { storages: ['ambient'] }),
      recipientNamed('beyond', { lat: 62 }),
    ]);
    world.run(postOf(1));
    assert.equal(refusal(only(world, to('full'))), 'capacity');
    for (const name of ['paused', 'bakery', 'shelf', 'beyond', 'near'])
      assert.equal(refusal(only(world, to(name))), 'unsuitable', name);
    assert.equal(refusal(only(world, to('nobody'))), 'not-found');
    world.ready = false;
    assert.equal(refusal(only(world, to('half'))), 'not-now');
    world.ready = true;
    assert.ok(only(world, to('half')).ok);
    assert.deepEqual([lotIn(world).quantityGrams, world.lots.size], [4_000, 2], 'the rest is offered on');
  });

  it('to the food bank of last resort needs no answer', () => {
    const world = evening();
    assert.ok(only(world, to('bank')).ok);
    assert.deepEqual([lotIn(world).offers[1]?.fallback, lotIn(world).deadLettered], [true, false]);
    const handover = {
      kind: 'handover',
      id: 'h',
      fingerprint: 'f',
      ...offerOf(world, LOT),
      quantityGrams: null,
    } as const;
    assert.ok(only(world, handover).ok);
    assert.equal(lotIn(world).state, 'collected');
  });
});

describe('withdrawing', () => {
  it('takes a claim back, looks on, and leaves out who held it', () => {
    const world = evening();
    accept(world);
    const decision = world.run({ kind: 'withdraw', ...on() });
    const [change] = decision.changes;
    assert.deepEqual(
      [change?.after.state, change?.rematchRequired, change?.after.tried],
      ['rematching', true, ['near']],
    );
    assert.deepEqual(JSON.parse(change?.transitions[0]?.detail ?? ''), { by: 'siti', why: 'they rang' });
    assert.equal(refusal(only(world, { kind: 'withdraw', ...on() })), 'offer-closed');
  });
});

describe('extending', () => {
  it('gives an open offer more time: the lapse waits for it', () => {
    const world = evening();
    const untilMs = world.nowMs + 20 * MINUTE_MS;
    assert.ok(only(world, { kind: 'extend', ...on(), untilMs }).ok);
    world.nowMs += 6 * MINUTE_MS;
    world.run({ kind: 'wake', ...on() });
    assert.equal(lotIn(world).state, 'offered');
    world.nowMs = untilMs;
    const [change] = world.run({ kind: 'wake', ...on() }).changes;
    assert.deepEqual([change?.after.state, change?.transitions[0]?.notBeforeMs], ['rematching', untilMs]);
  });

  it('gives a claim more time, and its reminder anew', () => {
    const world = evening();
    accept(world);
    world.nowMs = lotIn(world).pickupByMs ?? 0;
    world.run({ kind: 'wake', ...on() });
    assert.equal(lotIn(world).reminded, true);
    const untilMs = world.nowMs + 30 * MINUTE_MS;
    assert.ok(only(world, { kind: 'extend', ...on(), untilMs }).ok);
    assert.deepEqual([lotIn(world).pickupByMs, lotIn(world).reminded, lotIn(world).state], [untilMs, false, 'claimed']);
  });

  it('never to an earlier time, past safe-until, or where nobody holds the lot', () => {
    const world = evening();
    const extend = (untilMs: number) => refusal(only(world, { kind: 'extend', ...on(), untilMs }));
    assert.equal(extend(world.nowMs + MINUTE_MS), 'deadline');
    assert.equal(extend(lotIn(world).safeUntilMs + 1), 'deadline');
    world.run({ kind: 'withdraw', ...on() });
    assert.equal(extend(world.nowMs + 20 * MINUTE_MS), 'offer-closed');
  });
});

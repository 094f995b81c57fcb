import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Answer } from './command.ts';
import {
  createWorld,
  HOUR_MS,
  lotIdNumber,
  MINUTE_MS,
  offerOf,
  openGramsOf,
  postOf,
  recipientNamed,
  START_MS,
  type World,
} from './evening.testkit.ts';
import { currentOffer, type Lot } from './lot.ts';
import type { Recipient } from '../matching/candidate.ts';
import type { LotId } from '../words/ids.ts';

const LOT = lotIdNumber(1);
let commands = 0;
const base = () => ({ id: `c${String(commands++)}`, fingerprint: 'f' });

function lotIn(world: World, id: LotId = LOT): Lot {
  const lot = world.lots.get(id);
  assert.ok(lot);
  return lot;
}
function refusal(answer: Answer | undefined): string {
  assert.ok(answer && !answer.ok);
  return answer.refused;
}
function only<T>(values: Iterable<T>): T {
  const [first, ...rest] = values;
  assert.ok(first !== undefined && rest.length === 0);
  return first;
}
const bank = recipientNamed('bank', { fallback: true, capacityGrams: 1e9, dailyCapacityGrams: 1e9 });

describe('a lot that goes well', () => {
  it('is posted and offered in one turn, claimed, and collected against the code', () => {
    const world = createWorld([recipientNamed('a')]);
    const posted = world.run(postOf(1));
    assert.deepEqual(
      posted.changes[0]?.transitions.map((each) => each.to),
      ['posted', 'offered'],
    );
    assert.equal(lotIn(world).version, 2);
    const offer = offerOf(world, LOT);
    world.run({ kind: 'accept', ...base(), ...offer, quantityGrams: null });
    assert.equal(lotIn(world).state, 'claimed');
    const done = world.run({ kind: 'handover', ...base(), ...offer, quantityGrams: null });
    assert.equal(lotIn(world).state, 'collected');
    assert.equal(lotIn(world).nextActionAtMs, null);
    assert.deepEqual(
      done.collected.map((each) => [each.recipientId, each.quantityGrams, each.day]),
      [['a', 10_000, '2026-11-21']],
    );
  });

  it('explains why', () => {
    const world = createWorld([
      recipientNamed('a', { hours: [[0, 5 * 1440 + 22 * 60]] }),
      recipientNamed('b', { lat: 60.19 }),
    ]);
    world.run(postOf(1));
    const texts = lotIn(world).offers[0]?.reasons.map((reason) => reason.text);
    assert.deepEqual(texts, [
      '0.0 km by bicycle',
      'open till 22:00',
      'lowest share this week',
      '180 min to spare on arrival',
    ]);
  });
});

describe('what happens next', () => {
  it('declined: the next recipient is asked, not the same again', () => {
    const world = createWorld([recipientNamed('a'), recipientNamed('b', { lat: 60.18 })]);
    world.run(postOf(1));
    const first = offerOf(world, LOT);
    const declined = world.run({ kind: 'decline', ...base(), ...first, reason: 'full' });
    assert.equal(lotIn(world).state, 'rematching');
    assert.equal(declined.changes[0]?.rematchRequired, true);
    world.run({ kind: 'rematch', ...base(), lotId: LOT, version: lotIn(world).version });
    assert.notEqual(offerOf(world, LOT).recipientId, first.recipientId);
    assert.equal(offerOf(world, LOT).offerId, `${LOT}-2`);
  });

  it('lapses only after its deadline, and an accept in the same batch wins', () => {
    const world = createWorld([recipientNamed('a')]);
    world.run(postOf(1));
    world.nowMs += 4 * MINUTE_MS;
    world.run({ kind: 'wake', ...base(), lotId: LOT });
    assert.equal(lotIn(world).state, 'offered');
    world.nowMs += 2 * MINUTE_MS;
    const both = world.run(
      { kind: 'wake', ...base(), lotId: LOT },
      { kind: 'accept', ...base(), ...offerOf(world, LOT), quantityGrams: null },
    );
    assert.equal(lotIn(world).state, 'claimed');
    assert.ok([...both.answers.values()].every((answer) => answer.ok));
  });

  it('posted while the clock was an hour ahead and nobody could be asked, it is offered once the clock is right', () => {
    const world = createWorld([recipientNamed('a')]);
    world.nowMs += 60 * MINUTE_MS;
    world.ready = false;
    world.run(postOf(1));
    assert.equal(lotIn(world).state, 'posted');
    world.ready = true;
    world.nowMs -= 1_000;
    world.run({ kind: 'wake', ...base(), lotId: LOT });
    assert.equal(lotIn(world).state, 'posted', 'not before its time');
    world.nowMs -= 60 * MINUTE_MS;
    world.run({ kind: 'wake', ...base(), lotId: LOT });
    assert.equal(lotIn(world).state, 'offered');
  });

  it('posted while the clock was an hour ahead and nobody was near, it is looked for again once the clock is right, as often as ever', () => {
    const world = createWorld([]);
    world.nowMs += 60 * MINUTE_MS;
    world.run({ ...postOf(1), lotId: lotIdNumber(1, world.nowMs) });
    const [lot] = [...world.lots.values()];
    assert.ok(lot?.state === 'rematching');
    world.nowMs -= 60 * MINUTE_MS;
    const wake = () => world.run({ kind: 'wake', ...base(), lotId: lot.id }).changes.length;
    assert.deepEqual([wake(), wake()], [1, 0]);
    world.nowMs += 10 * MINUTE_MS;
    assert.deepEqual([wake(), wake()], [1, 0]);
  });

  for (const aheadMinutes of [1, 2, 6, 60]) {
    it(`posted while the clock was ${String(aheadMinutes)} minutes ahead, it is not looked for every second once it is right`, () => {
      const atMs = START_MS + aheadMinutes * MINUTE_MS;
      const opens = new Date(atMs + 5 * MINUTE_MS + 2 * HOUR_MS);
      const minute = 5 * 1440 + opens.getUTCHours() * 60 + opens.getUTCMinutes();
      const late = recipientNamed('late', { hours: [[minute, minute + 60]] });
      for (const [recipients, atMost] of [[[], 4 + aheadMinutes / 8] as const, [[late], 1] as const]) {
        const world = createWorld([...recipients]);
        world.nowMs = atMs;
        world.run({ ...postOf(1), lotId: lotIdNumber(1, atMs), readyFromMs: atMs });
        const lot = only(world.lots.values());
        let changes = 0;
        for (world.nowMs = START_MS; world.nowMs < atMs; world.nowMs += 1_000)
          changes += world.run({ kind: 'wake', ...base(), lotId: lot.id }).changes.length;
        assert.ok(changes <= atMost, `${String(recipients.length)} near: ${String(changes)} changes`);
        const wakesTo3 = lotIn(world, lot.id).tries < 3 || aheadMinutes >= 6;
        assert.ok(wakesTo3, 'tries keep their pace');
      }
    });
  }

  it('an accept after the lapse is refused, as lapsed', () => {
    const world = createWorld([recipientNamed('a')]);
    world.run(postOf(1));
    const offer = offerOf(world, LOT);
    world.nowMs += 6 * MINUTE_MS;
    world.run({ kind: 'wake', ...base(), lotId: LOT });
    assert.equal(
      refusal(only(world.run({ kind: 'accept', ...base(), ...offer, quantityGrams: null }).answers.values())),
      'offer-lapsed',
    );
  });

  it('three unanswered tries ask for the fallback, which needs no answer', () => {
    const world = createWorld([...['a', 'b', 'c', 'd'].map((name) => recipientNamed(name)), bank]);
    world.run(postOf(1));
    for (let lapse = 1; lapse <= 3; lapse++) {
      world.nowMs += 6 * MINUTE_MS;
      const woken = world.run({ kind: 'wake', ...base(), lotId: LOT });
      assert.equal(woken.changes[0]?.rematchRequired, true);
      assert.equal(lotIn(world).tries, lapse);
      world.run({ kind: 'rematch', ...base(), lotId: LOT, version: lotIn(world).version });
    }
    assert.equal(lotIn(world).state, 'rematching');
    world.run({ kind: 'fallback', ...base(), lotId: LOT, version: lotIn(world).version });
    const offer = offerOf(world, LOT);
    assert.equal(offer.recipientId, 'bank');
    assert.equal(lotIn(world).deadLettered, true);
    world.run({ kind: 'handover', ...base(), ...offer, quantityGrams: null });
    assert.equal(lotIn(world).state, 'collected');
  });

  it('nobody in reach: further tries, wider each time, then the fallback by the sweep alone', () => {
    const world = createWorld([recipientNamed('a', { categories: ['dairy'] }), bank]);
    world.run(postOf(1));
    for (let wakes = 0; wakes < 20 && lotIn(world).state === 'rematching'; wakes++) {
      world.nowMs = lotIn(world).nextActionAtMs ?? world.nowMs;
      world.run({ kind: 'wake', ...base(), lotId: LOT });
    }
    assert.equal(offerOf(world, LOT).recipientId, 'bank');
    assert.ok(lotIn(world).radiusMeters > 8_000);
  });

  it('a candidate who opens before safe-until postpones the fallback', () => {
    // Saturday 20:00 in Helsinki at the start; opens 21:00
    const world = createWorld([recipientNamed('late', { hours: [[5 * 1440 + 21 * 60, 5 * 1440 + 23 * 60]] }), bank]);
    world.run(postOf(1));
    assert.equal(lotIn(world).nextActionAtMs, START_MS + HOUR_MS);
    world.nowMs += HOUR_MS;
    world.run({ kind: 'wake', ...base(), lotId: LOT });
    assert.equal(offerOf(world, LOT).recipientId, 'late');
  });

  it('claimed and not collected: reminded, then released to the next', () => {
    const world = createWorld([recipientNamed('a'), recipientNamed('b', { lat: 60.18 })]);
    world.run(postOf(1));
    world.run({ kind: 'accept', ...base(), ...offerOf(world, LOT), quantityGrams: null });
    world.nowMs = lotIn(world).nextActionAtMs ?? 0;
    const reminded = world.run({ kind: 'wake', ...base(), lotId: LOT });
    assert.equal(reminded.changes[0]?.remind, true);
    assert.equal(lotIn(world).state, 'claimed');
    world.nowMs = lotIn(world).nextActionAtMs ?? 0;
    world.run({ kind: 'wake', ...base(), lotId: LOT });
    assert.equal(lotIn(world).state, 'rematching');
  });

  it('after safe-until nothing is accepted, a handover still is for an hour, then it expires', () => {
    const world = createWorld([recipientNamed('a')], 10 * HOUR_MS);
    world.run(postOf(1), postOf(2));
    world.run({ kind: 'accept', ...base(), ...offerOf(world, LOT), quantityGrams: null });
    const other = offerOf(world, lotIdNumber(2));
    world.nowMs = START_MS + 3 * HOUR_MS;
    assert.equal(
      refusal(only(world.run({ kind: 'accept', ...base(), ...other, quantityGrams: null }).answers.values())),
      'offer-closed',
    );
    world.run({ kind: 'wake', ...base(), lotId: LOT }, { kind: 'wake', ...base(), lotId: lotIdNumber(2) });
    assert.equal(lotIn(world).state, 'claimed');
    assert.equal(lotIn(world, lotIdNumber(2)).state, 'expired');
    world.nowMs += 59 * MINUTE_MS;
    world.run({ kind: 'handover', ...base(), ...offerOf(world, LOT), quantityGrams: 4_000 });
    assert.equal(lotIn(world).state, 'collected');
    const rest = only([...world.lots.values()].filter((lot) => lot.parentId === LOT));
    world.nowMs = rest.nextActionAtMs ?? 0;
    world.run({ kind: 'wake', ...base(), lotId: rest.id });
    assert.equal(lotIn(world, rest.id).state, 'expired');
  });

  it('candidates are being rebuilt: the post is accepted, the offer waits', () => {
    const world = createWorld([recipientNamed('a')]);
    world.ready = false;
    world.run(postOf(1));
    assert.equal(lotIn(world).state, 'posted');
    world.ready = true;
    world.nowMs = lotIn(world).nextActionAtMs ?? 0;
    world.run({ kind: 'wake', ...base(), lotId: LOT });
    assert.equal(lotIn(world).state, 'offered');
  });
});

describe('the food bank of last resort', () => {
  const exhaust = (world: World, ...ids: LotId[]): void => {
    for (let wakes = 0; wakes < 20 && lotIn(world, ids[0]).tries < 3; wakes++) {
      world.nowMs = lotIn(world, ids[0]).nextActionAtMs ?? world.nowMs;
      for (const lotId of ids) world.run({ kind: 'wake', ...base(), lotId });
    }
  };

  it('is asked again when candidates could not be believed at first', () => {
    const world = createWorld([bank]);
    world.run(postOf(1));
    exhaust(world, LOT);
    world.ready = false;
    world.run({ kind: 'fallback', ...base(), lotId: LOT, version: lotIn(world).version });
    assert.equal(lotIn(world).state, 'rematching');
    world.ready = true;
    world.nowMs = lotIn(world).nextActionAtMs ?? 0;
    world.run({ kind: 'wake', ...base(), lotId: LOT });
    assert.equal(offerOf(world, LOT).recipientId, 'bank');
  });

  it('is waited for when only the question about it had no answer', () => {
    const world = createWorld([bank]);
    world.run(postOf(1));
    exhaust(world, LOT);
    world.bankAnswers = false;
    world.run({ kind: 'fallback', ...base(), lotId: LOT, version: lotIn(world).version });
    assert.deepEqual([lotIn(world).state, lotIn(world).deadLettered], ['rematching', false]);
    const soonMs = (lotIn(world).nextActionAtMs ?? Infinity) - world.nowMs;
    assert.ok(soonMs <= 2_000, `${String(soonMs)} ms`);
    world.bankAnswers = true;
    world.nowMs += soonMs;
    world.run({ kind: 'wake', ...base(), lotId: LOT });
    assert.equal(offerOf(world, LOT).recipientId, 'bank');
  });

  it('is asked again when it has room again', () => {
    const world = createWorld([
      recipientNamed('bank', { fallback: true, capacityGrams: 10_000, dailyCapacityGrams: 1e9 }),
    ]);
    const other = lotIdNumber(2);
    world.run(postOf(1), postOf(2));
    exhaust(world, LOT, other);
    world.run({ kind: 'fallback', ...base(), lotId: other, version: lotIn(world, other).version });
    world.run({ kind: 'fallback', ...base(), lotId: LOT, version: lotIn(world).version });
    assert.equal(lotIn(world).state, 'rematching', 'the bank is full');
    world.run({ kind: 'handover', ...base(), ...offerOf(world, other), quantityGrams: null });
    world.nowMs = lotIn(world).nextActionAtMs ?? 0;
    world.run({ kind: 'wake', ...base(), lotId: LOT });
    assert.equal(offerOf(world, LOT).recipientId, 'bank');
  });

  const fallback = (world: World): string => {
    world.run(postOf(1));
    exhaust(world, LOT);
    world.run({ kind: 'fallback', ...base(), lotId: LOT, version: lotIn(world).version });
    return currentOffer(lotIn(world))?.recipientId ?? lotIn(world).state;
  };
  const bankNamed = (name: string, change: Partial<Recipient> = {}): Recipient =>
    recipientNamed(name, { fallback: true, capacityGrams: 1e9, dailyCapacityGrams: 1e9, ...change });

  it('is not asked for what it does not take, cannot keep, or cannot fetch in time: the next one is', () => {
    const unfit: Partial<Recipient>[] = [{ categories: ['dry'] }, { storages: ['frozen'] }, { lat: 62.9 }];
    for (const change of unfit) {
      assert.equal(fallback(createWorld([bankNamed('near', change)])), 'rematching', JSON.stringify(change));
      assert.equal(fallback(createWorld([bankNamed('near', change), bankNamed('next')])), 'next');
    }
  });

  it('is not sent out for a crumb: it is asked when it has room for what is worth the way', () => {
    const world = createWorld([bankNamed('bank', { capacityGrams: 10_100 })]);
    const other = lotIdNumber(2);
    world.run(postOf(2));
    exhaust(world, other);
    world.run({ kind: 'fallback', ...base(), lotId: other, version: lotIn(world, other).version });
    assert.equal(fallback(world), 'rematching');
    world.run({ kind: 'handover', ...base(), ...offerOf(world, other), quantityGrams: null });
    world.nowMs = lotIn(world).nextActionAtMs ?? 0;
    world.run({ kind: 'wake', ...base(), lotId: LOT });
    assert.deepEqual([offerOf(world, LOT).recipientId, offerOf(world, LOT).grams], ['bank', 10_000]);
  });

  it('gets the rest as well, once it has room for it', () => {
    const world = createWorld([bankNamed('bank', { capacityGrams: 6_000 })]);
    assert.equal(fallback(world), 'bank');
    world.run({ kind: 'handover', ...base(), ...offerOf(world, LOT), quantityGrams: null });
    const rest = only([...world.lots.values()].filter((lot) => lot.parentId === LOT));
    exhaust(world, rest.id);
    world.run({ kind: 'fallback', ...base(), lotId: rest.id, version: lotIn(world, rest.id).version });
    assert.deepEqual([offerOf(world, rest.id).recipientId, offerOf(world, rest.id).grams], ['bank', 4_000]);
  });
});

describe('splits', () => {
  it('a part accepted: the rest goes on to others', () => {
    const world = createWorld([recipientNamed('a'), recipientNamed('b', { lat: 60.18 })]);
    world.run(postOf(1));
    const offer = offerOf(world, LOT);
    world.run({ kind: 'accept', ...base(), ...offer, quantityGrams: 4_000 });
    const child = only([...world.lots.values()].filter((lot) => lot.parentId === LOT));
    assert.deepEqual([lotIn(world).quantityGrams, child.quantityGrams], [4_000, 6_000]);
    assert.deepEqual([lotIn(world).servings, child.servings], [8, 12]);
    assert.deepEqual(child.tried, [offer.recipientId]);
    assert.equal(openGramsOf(world, offer.recipientId), 4_000);
  });

  it('an offer takes what fits, the rest becomes a child', () => {
    const world = createWorld([recipientNamed('a', { capacityGrams: 3_000 })]);
    world.run(postOf(1));
    assert.equal(offerOf(world, LOT).grams, 3_000);
    assert.equal(only([...world.lots.values()].filter((lot) => lot.parentId === LOT)).quantityGrams, 7_000);
  });

  it('cancelling takes every uncollected descendant, and leaves what was collected', () => {
    const world = createWorld([recipientNamed('a'), recipientNamed('b', { lat: 60.18 })]);
    world.run(postOf(1));
    const offer = offerOf(world, LOT);
    world.run({ kind: 'accept', ...base(), ...offer, quantityGrams: 4_000 });
    world.run({ kind: 'handover', ...base(), ...offer, quantityGrams: 1_000 });
    world.run({ kind: 'cancel', ...base(), lotId: LOT, donorId: null, ifVersion: null });
    const states = [...world.lots.values()].map((lot) => `${String(lot.quantityGrams)} ${lot.state}`).sort();
    assert.deepEqual(states, ['1000 collected', '3000 cancelled', '6000 cancelled']);
    const again = world.run({ kind: 'cancel', ...base(), lotId: LOT, donorId: null, ifVersion: null });
    assert.equal(refusal(only(again.answers.values())), 'offer-closed');
  });
});

describe('food that must be hot', () => {
  const claimedHot = (): { world: World; offer: ReturnType<typeof offerOf> } => {
    const world = createWorld([recipientNamed('a')]);
    world.run(postOf(1, { storage: 'hot', temperature: 'checked' }));
    const offer = offerOf(world, LOT);
    world.run({ kind: 'accept', ...base(), ...offer, quantityGrams: null });
    return { world, offer };
  };

  it('is handed over when the recipient confirms it, and the history says so; no confirmation costs no try', () => {
    const { world, offer } = claimedHot();
    const without = [undefined, false].map((hotEnough) => {
      const asked = hotEnough === undefined ? {} : { hotEnough };
      const handover = { kind: 'handover' as const, ...base(), ...offer, code: '00000000', quantityGrams: null };
      return refusal(only(world.run({ ...handover, ...asked }).answers.values()));
    });
    assert.deepEqual(without, ['too-cold', 'too-cold']);
    assert.equal(lotIn(world).offers[0]?.wrongCodes, 0);
    const done = world.run({ kind: 'handover', ...base(), ...offer, quantityGrams: 4_000, hotEnough: true });
    assert.equal(lotIn(world).state, 'collected');
    const steps = done.changes.flatMap((change) => change.transitions).filter((step) => step.to === 'collected');
    assert.match(steps[0]?.detail ?? '', /63 °C/);
  });

  it('keeps what the donor said through a split', () => {
    const { world, offer } = claimedHot();
    world.run({ kind: 'handover', ...base(), ...offer, quantityGrams: 4_000, hotEnough: true });
    const said = [...world.lots.values()].map((lot) => lot.temperature);
    assert.deepEqual(said, ['checked', 'checked']);
  });

  it('asks nobody about other food', () => {
    const world = createWorld([recipientNamed('a')]);
    world.run(postOf(1, { storage: 'ambient' }));
    const offer = offerOf(world, LOT);
    world.run({ kind: 'accept', ...base(), ...offer, quantityGrams: null });
    world.run({ kind: 'handover', ...base(), ...offer, quantityGrams: null });
    assert.equal(lotIn(world).state, 'collected');
    assert.equal(lotIn(world).temperature, null);
  });
});

describe('the handover code', () => {
  it('locks after five wrong ones until the donor asks anew', () => {
    const world = createWorld([recipientNamed('a')]);
    const donorId = postOf(1).donorId;
    world.run(postOf(1));
    const offer = offerOf(world, LOT);
    world.run({ kind: 'accept', ...base(), ...offer, quantityGrams: null });
    for (let wrong = 0; wrong < 5; wrong++) {
      const answer = only(
        world.run({ kind: 'handover', ...base(), ...offer, code: '00000000', quantityGrams: null }).answers.values(),
      );
      assert.equal(refusal(answer), 'wrong-code');
    }
    const locked = only(world.run({ kind: 'handover', ...base(), ...offer, quantityGrams: null }).answers.values());
    assert.equal(refusal(locked), 'code-locked');
    world.run({ kind: 'renew-code', ...base(), offerId: offer.offerId, donorId });
    const old = only(world.run({ kind: 'handover', ...base(), ...offer, quantityGrams: null }).answers.values());
    assert.equal(refusal(old), 'wrong-code');
    world.run({ kind: 'handover', ...base(), ...offerOf(world, LOT), quantityGrams: null });
    assert.equal(lotIn(world).state, 'collected');
  });
});

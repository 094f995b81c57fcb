/** The laws are checked: each is fed a small history that breaks it, and one that doesn't. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Evidence, LotRow, OfferRow, StepRow } from './evidence.ts';
import { brokenLaws, LAW_NAMES } from './laws.ts';
import type { Operation } from './operations.ts';

const T0 = 1_800_000_000_000;

const lot: LotRow = {
  lotId: 'L',
  rootId: 'L',
  parentId: null,
  donorId: 'kitchen',
  state: 'collected',
  version: 4,
  grams: 600,
  postedGrams: 600,
  note: 'key-1',
  safeUntilMs: T0 + 3_600_000,
  nextActionAtMs: null,
};
const offer: OfferRow = {
  offerId: 'L-1',
  lotId: 'L',
  attempt: 1,
  recipientId: 'shelter',
  state: 'collected',
  grams: 600,
  fallback: false,
  deadlineMs: T0 + 60_000,
  notified: true,
};
const step = (
  version: number,
  from: string | null,
  to: string,
  reason: string,
  change: Partial<StepRow> = {},
): StepRow => ({
  lotId: 'L',
  version,
  from,
  to,
  reason,
  offerId: version === 1 ? null : 'L-1',
  recipientId: version === 1 ? null : 'shelter',
  grams: 600,
  atMs: T0 + version * 1_000,
  ...change,
});
const posted = step(1, null, 'posted', 'posted');
const matched = step(2, 'posted', 'offered', 'matched');
const accepted = step(3, 'offered', 'claimed', 'accepted');
const collected = step(4, 'claimed', 'collected', 'collected');
const operation = (kind: Operation['kind'], atMs: number, change: Partial<Operation> = {}): Operation => ({
  id: 1,
  process: kind === 'post' ? 'kitchen' : 'shelter',
  kind,
  key: `${kind}-1`,
  lot: 'L',
  offer: kind === 'post' ? null : 'L-1',
  grams: null,
  invokedAtMs: atMs - 100,
  endedAtMs: atMs + 100,
  outcome: 'ok',
  status: 200,
  problem: '',
  tries: 1,
  timesTurnedAway: 0,
  patienceMs: 25_000,
  answer: {},
  ...change,
});
const post = operation('post', T0 + 1_000, { key: 'key-1', grams: 600 });
const accept = operation('accept', T0 + 3_000);
const handover = operation('handover', T0 + 4_000);
const event = (version: number) => ({
  outboxId: `event-${String(version)}`,
  lotId: 'L',
  version,
  digest: `digest-${String(version)}`,
  createdAtMs: T0 + version * 1_000,
  writtenAtMs: T0 + version * 1_000,
  published: true,
});
const message = (seq: number, version: number) => ({ seq, lotId: 'L', version, digest: `digest-${String(version)}` });

/** A post, offered, accepted, collected: nothing to complain of. */
const sound: Evidence = {
  operations: [post, accept, handover],
  repeats: [],
  lots: [lot],
  offers: [offer],
  steps: [posted, matched, accepted, collected],
  recipients: [
    {
      recipientId: 'shelter',
      capacityGrams: 1_000,
      dailyCapacityGrams: 1_000,
      timeZone: 'Europe/Helsinki',
      bookedGrams: 600,
    },
  ],
  outbox: [event(2), event(3), event(4)],
  stream: [message(1, 2), message(2, 3), message(3, 4)],
  streamSinceMs: T0,
  consumers: [{ stream: 'LOTS', durable: 'notify', left: 0 }],
  activations: [
    { seq: 1, cell: 'c', epoch: 1, owner: 'a' },
    { seq: 2, cell: 'c', epoch: 2, owner: 'b' },
  ],
  staleWrites: [],
  counters: [{ recipientId: 'shelter', openGrams: 0, canBeFound: true }],
  ledger: { postedGrams: 600, collectedGrams: 600, expiredGrams: 0, cancelledGrams: 0, openGrams: 0 },
  takenAtMs: T0 + 100_000,
};

const lapsed = step(3, 'offered', 'rematching', 'lapsed');
const child = { ...lot, lotId: 'M', parentId: 'L', postedGrams: 0, grams: 100, note: null };

/** law → what is wrong → evidence of it */
const BROKEN: Readonly<Record<string, Readonly<Record<string, Partial<Evidence>>>>> = {
  'grams are conserved': {
    'a split made grams': { lots: [lot, child] },
    'the books do not add up': { ledger: { ...sound.ledger, openGrams: 1 } },
    'the books know other posts': { ledger: { ...sound.ledger, postedGrams: 700, collectedGrams: 700 } },
  },
  'no answered post is lost': {
    'the row is gone': { lots: [] },
    'other grams than asked for': { lots: [{ ...lot, postedGrams: 500, grams: 500 }] },
    'open and forgotten': { lots: [{ ...lot, state: 'offered', nextActionAtMs: T0 }] },
  },
  'no post takes effect twice': {
    'two lots under one key': { lots: [lot, { ...lot, lotId: 'M', rootId: 'M' }] },
    'refused, and there all the same': { operations: [{ ...post, outcome: 'fail' }, accept, handover] },
    'unanswered, and there twice': {
      operations: [{ ...post, outcome: 'unknown', lot: null, endedAtMs: null }],
      lots: [lot, { ...lot, lotId: 'M', rootId: 'M' }],
    },
  },
  'a lot ends once': {
    'collected and expired': { steps: [...sound.steps, step(5, 'collected', 'expired', 'expired')] },
    'ended without a step': { steps: [posted, matched, accepted] },
  },
  'versions follow each other': {
    'a version is missing': { steps: [posted, accepted, collected] },
    'a step from nowhere': { steps: [posted, matched, { ...accepted, from: 'rematching' }, collected] },
    'a way that is none': {
      steps: [posted, { ...matched, to: 'collected' }, { ...accepted, from: 'collected' }, collected],
    },
    'the lot is further than its history': { lots: [{ ...lot, version: 5 }] },
  },
  'one live offer a lot': {
    'offered while an offer lives': {
      steps: [posted, matched, { ...step(3, 'offered', 'offered', 'matched'), offerId: 'L-2' }],
    },
    'claimed by another offer': { steps: [posted, matched, { ...accepted, offerId: 'L-2' }, collected] },
    'two live rows': {
      lots: [{ ...lot, state: 'claimed', nextActionAtMs: T0 + 200_000 }],
      offers: [
        { ...offer, state: 'claimed' },
        { ...offer, offerId: 'L-2', attempt: 2, state: 'open' },
      ],
    },
    'one attempt twice': { offers: [offer, { ...offer, offerId: 'L-1b', state: 'lapsed' }] },
  },
  'capacity is never exceeded': {
    'more than its stock': { recipients: [{ ...first(sound.recipients), capacityGrams: 599 }] },
    'more than its day': { recipients: [{ ...first(sound.recipients), dailyCapacityGrams: 599 }] },
    'collected counts for the day': {
      recipients: [{ ...first(sound.recipients), dailyCapacityGrams: 1_000 }],
      steps: [
        ...sound.steps,
        { ...posted, lotId: 'M', atMs: T0 + 9_000 },
        { ...matched, lotId: 'M', atMs: T0 + 9_000 },
      ],
    },
  },
  'the day book equals the handovers': {
    'booked twice': { recipients: [{ ...first(sound.recipients), bookedGrams: 1_200 }] },
  },
  'what people did happened once': {
    'answered 2xx, and nothing happened': { steps: [posted, matched, lapsed] },
    'accepted twice': { steps: [...sound.steps, { ...accepted, version: 5 }] },
    'nobody asked for it': { operations: [post, accept] },
    'refused, and it happened all the same': {
      operations: [post, { ...accept, outcome: 'fail' }, { ...handover, outcome: 'fail' }],
    },
    'it happened before it was asked for': {
      operations: [post, operation('accept', T0 + 60_000), handover],
    },
  },
  'the same key has the same answer': {
    'another answer': {
      repeats: [
        { id: 1, key: 'k', first: { status: 201, answer: { id: 'L' } }, again: { status: 201, answer: { id: 'M' } } },
      ],
    },
    'refused the second time': {
      repeats: [{ id: 1, key: 'k', first: { status: 200, answer: {} }, again: { status: 409, answer: {} } }],
    },
  },
  'every event is published': {
    'one is left': { outbox: [event(2), event(3), { ...event(4), published: false }] },
    'the last step has none': { outbox: [event(2), event(3)] },
  },
  'every event is dealt with': {
    'nobody is told': { consumers: [{ stream: 'LOTS', durable: 'notify', left: null }] },
    'some are left': { consumers: [{ stream: 'LOTS', durable: 'notify', left: 3 }] },
  },
  'events of a lot come in order': {
    'a later version overtakes': { stream: [message(1, 2), message(2, 4), message(3, 3)] },
    'a repeat that is no repeat': { stream: [...sound.stream, { ...message(4, 3), digest: 'other' }] },
    'marked before it was published': { stream: [message(1, 2), message(2, 3)] },
  },
  'epochs rise': {
    'an epoch twice': {
      activations: [
        { seq: 1, cell: 'c', epoch: 2, owner: 'a' },
        { seq: 2, cell: 'c', epoch: 2, owner: 'b' },
      ],
    },
  },
  'no write by a replaced owner': {
    'epoch 1 after epoch 2': { staleWrites: [{ cell: 'c', epoch: 1, ownersEpoch: 2 }] },
  },
  'nothing ends before its time': {
    'lapsed before its deadline': { steps: [posted, matched, lapsed] },
    'expired before safe-until': { steps: [posted, matched, step(3, 'offered', 'expired', 'expired')] },
  },
  'capacity comes back': {
    'a counter leaks': { counters: [{ recipientId: 'shelter', openGrams: 600, canBeFound: true }] },
    'grams were given back twice': { counters: [{ recipientId: 'shelter', openGrams: -600, canBeFound: true }] },
  },
  'everybody can be found again': {
    'nothing of it is left': { counters: [] },
    'only a part is left': { counters: [{ recipientId: 'shelter', openGrams: 0, canBeFound: false }] },
  },
  'what keeps is offered within a minute': {
    'nobody is near, for ever': {
      steps: [posted, step(2, 'posted', 'rematching', 'no-candidate', { offerId: null, recipientId: null })],
    },
    'offered after a minute and a half': { steps: [posted, { ...matched, atMs: T0 + 91_500 }] },
    'cancelled by us in the end': {
      steps: [posted, step(2, 'posted', 'cancelled', 'cancelled', { atMs: T0 + 90_000 })],
    },
  },
  'nobody is refused without a reason': {
    'a post is malformed, though it is as all others': {
      operations: [{ ...post, outcome: 'fail', status: 422, problem: 'malformed-request' }],
    },
    'nobody may do anything': { operations: [{ ...accept, outcome: 'fail', status: 403, problem: 'not-allowed' }] },
    'a refusal without a type': { operations: [{ ...handover, outcome: 'fail', status: 404, problem: '' }] },
  },
};

function first<Item>(items: readonly Item[]): Item {
  const [item] = items;
  if (item === undefined) throw new Error('none');
  return item;
}

describe('the laws of a campaign', () => {
  it('a sound history breaks none', () => assert.deepEqual(brokenLaws(sound), []));

  it('an exact repeat of an event, and what an earlier stream held, break none', () => {
    const stream = [...sound.stream, message(4, 3)];
    assert.deepEqual(brokenLaws({ ...sound, stream }), []);
    const made = { stream: [message(1, 4), message(2, 2)], streamSinceMs: T0 + 90_000 };
    assert.deepEqual(brokenLaws({ ...sound, ...made }), []);
  });

  it('an unanswered operation may have happened, at any later time, or not', () => {
    const unknown = { outcome: 'unknown', endedAtMs: null } as const;
    const operations = [{ ...post, ...unknown, lot: null }, { ...accept, ...unknown }, handover];
    assert.deepEqual(brokenLaws({ ...sound, operations }), []);
    const never = operation('decline', T0 + 2_500, unknown);
    assert.deepEqual(brokenLaws({ ...sound, operations: [...operations, never] }), []);
  });

  it('what the load does to be refused is refused rightly, and what spoils soon may find nobody', () => {
    const late = operation('release', T0 + 5_000, { outcome: 'fail', status: 409, problem: 'offer-closed' });
    assert.deepEqual(brokenLaws({ ...sound, operations: [...sound.operations, late] }), []);
    const spoilt = { ...lot, state: 'expired', safeUntilMs: T0 + 90_000 };
    const steps = [posted, step(2, 'posted', 'expired', 'expired', { atMs: T0 + 90_000 })];
    const broken = brokenLaws({ ...sound, lots: [spoilt], steps }).map((breach) => breach.law);
    assert.ok(!broken.includes('what keeps is offered within a minute'));
  });

  it('what is given back makes room', () => {
    const again = sound.steps.slice(0, 2).map((each) => ({ ...each, lotId: 'M', atMs: T0 + 10_000 + each.version }));
    const back = [posted, matched, { ...lapsed, atMs: T0 + 10_100 }];
    const broken = brokenLaws({ ...sound, steps: [...back, ...again] }).map((breach) => breach.law);
    assert.ok(!broken.includes('capacity is never exceeded'));
  });

  it('each law has a history that breaks it', () => assert.deepEqual(Object.keys(BROKEN), LAW_NAMES));

  for (const [law, cases] of Object.entries(BROKEN)) {
    for (const [what, change] of Object.entries(cases)) {
      it(`${law}: ${what}`, () => {
        const broken = brokenLaws({ ...sound, ...change }).filter((breach) => breach.law === law);
        assert.notEqual(broken.length, 0);
        assert.ok(broken.every((breach) => breach.what !== '' && breach.evidence.length > 0));
      });
    }
  }
});

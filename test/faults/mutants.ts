/** The planted bugs, each with the fault that brings it out and the laws that must catch it. */
import { AFTERMATH_LAW } from './aftermath.ts';
import { AVAILABILITY_LAW, TURNED_AWAY_LAW } from './availability.ts';
import type { Change, Mutant } from './mutant.ts';
import type { Fault, FaultKind } from './schedule.ts';
import { TOLD_LAW } from './told.ts';

const at = (seconds: number, kind: FaultKind, targets: readonly string[], forSeconds = 0): Fault => ({
  atMs: seconds * 1000,
  kind,
  targets,
  forMs: forSeconds * 1000,
});
const host = (nth: number): string[] => (nth % 2 === 0 ? ['actor-host'] : ['actor-host-2']);
const pod = (nth: number): string[] => host(nth).flatMap((name) => [name, `${name}.daprd`]);

/** Hosts die one after the other: what they remember is gone. */
const HOSTS_DIE = [6, 12, 18, 24, 30].map((seconds, nth) => at(seconds, 'kill', host(nth)));
/** Hosts hang and wake when others own their cells. */
const HOSTS_HANG = [
  ...[5, 14, 23, 32].map((seconds, nth) => at(seconds, 'pause', host(nth), 6)),
  ...[41, 50].map((seconds, nth) => at(seconds, 'pause', pod(nth), 6)),
];
/** So far apart that the one does not excuse the other's silence. */
const TWO_HANG = [5, 36].map((seconds, nth) => at(seconds, 'pause', host(nth), 6));
/** So short that what is sent anew after a lost publish gets through: each is a chance for a later event to go first. */
const BUS_STUTTERS = [5, 9, 13, 17, 21, 25, 29, 33].map((seconds) => at(seconds, 'silence', ['nats'], 1.5));
const BUS_FAILS = [
  ...[5, 12, 19, 26].map((seconds) => at(seconds, 'silence', ['nats'], 3)),
  ...[16, 30, 34].map((seconds) => at(seconds, 'kill', ['nats'])),
];
/** Times at which the marker is not among what is taken: with it everything would be counted anew. */
const REDIS_LOSES_KEYS = [12, 16, 25].map((seconds) => at(seconds, 'evict', ['redis']));
const REDIS_FLUSHED = [8, 14, 20, 26, 32].map((seconds) => at(seconds, 'flush', ['redis']));
/** Turns reserve, and cannot write. */
const WRITES_FAIL = [6, 13, 20, 27].map((seconds) => at(seconds, 'silence', ['postgres'], 3));

const FENCE_OFF: Change = { from: 'and cell.epoch = c.epoch for share', to: 'for share' };
const GUARD_OFF: Change = { from: 'where h.not_before > clock_timestamp()', to: 'where false' };
/** Three kilograms each: two posts or three. */
const TIGHT_CITY = `update recipient set capacity_grams = least(capacity_grams, 3000), version = version + 1,
  updated_at = clock_timestamp() where not fallback`;
const SCRIPTS = 'services/adapters/redis/scripts.ts';
/** What it sees it has counted anew: a counter that is wrong would be right again before anybody judges. */
const SWEEP_IS_BLIND = {
  file: 'services/adapters/redis/sweep.ts',
  from: 'if (!isWhole) await distrust(deps, DROP_MARKER);',
  to: '',
};

export const MUTANTS: Readonly<Record<string, Mutant>> = {
  fence: {
    what: 'a write does not ask whose cell it is',
    database: [FENCE_OFF],
    schedule: HOSTS_HANG,
    caughtBy: ['no write by a replaced owner'],
  },
  version: {
    what: "nor whether the lot is as it was read; and a version that is in the history already is let pass (its key alone refuses the second writer's)",
    database: [
      FENCE_OFF,
      { from: 'and lot.version = l.was_version', to: '' },
      {
        from: 'detail text, quantity_grams bigint, at timestamptz);',
        to: 'detail text, quantity_grams bigint, at timestamptz) on conflict do nothing;',
      },
    ],
    schedule: HOSTS_HANG,
    caughtBy: ['versions follow each other', 'no write by a replaced owner'],
  },
  epoch: {
    what: 'a new owner keeps the epoch of the one before',
    modules: [{ file: 'services/adapters/postgres/cellStore.ts', from: 'epoch = c.epoch + 1', to: 'epoch = c.epoch' }],
    schedule: HOSTS_DIE,
    caughtBy: ['epochs rise'],
  },
  commands: {
    what: 'a key takes effect as often as it is sent to a host that does not remember it',
    database: [
      {
        from: 'as c(command_id text, kind text, fingerprint text, answer jsonb);',
        to: 'as c(command_id text, kind text, fingerprint text, answer jsonb) where false;',
      },
    ],
    schedule: HOSTS_DIE,
    caughtBy: ['no post takes effect twice', 'the same key has the same answer'],
  },
  outbox: {
    what: 'one event in twenty is forgotten',
    database: [
      {
        from: 'subject text, payload text,\n      traceparent text);',
        to: 'subject text, payload text,\n      traceparent text) where random() > 0.05;',
      },
    ],
    caughtBy: ['every event is published'],
  },
  days: {
    what: 'one handover in five is not booked',
    database: [
      {
        from: 'as x(recipient_id text, day date, quantity_grams bigint)',
        to: 'as x(recipient_id text, day date, quantity_grams bigint) where random() > 0.2',
      },
    ],
    caughtBy: ['the day book equals the handovers'],
  },
  lots: {
    what: 'one new lot in ten is not stored',
    database: [
      {
        from: 'dead_lettered boolean, ended_at timestamptz);\n  end if;\n\n  if p_lots',
        to: 'dead_lettered boolean, ended_at timestamptz) where random() > 0.1;\n  end if;\n\n  if p_lots',
      },
    ],
    caughtBy: ['no answered post is lost'],
  },
  grams: {
    what: 'a handover loses a gram',
    database: [
      {
        from: 'quantity_grams = l.quantity_grams, servings',
        to: "quantity_grams = l.quantity_grams - (l.state = 'collected')::int, servings",
      },
    ],
    caughtBy: ['grams are conserved'],
  },
  offers: {
    what: 'a declined offer stays open',
    database: [
      {
        from: 'and offer.offer_id = o.offer_id;',
        to: "and offer.offer_id = o.offer_id and o.state <> 'declined';",
      },
    ],
    caughtBy: ['one live offer a lot'],
  },
  ends: {
    what: 'a cancel ends again what has ended, and nobody asks whether a step may follow the one before',
    modules: [
      { file: 'actors/core/lots/cancel.ts', from: '.filter((each) => !isEnd(each.state))', to: '' },
      {
        file: 'actors/core/lots/turn.ts',
        from: 'if (!NEXT_STATES[lot.state].includes(step.to)) throw',
        to: 'if (false) throw',
      },
    ],
    caughtBy: ['a lot ends once', 'versions follow each other'],
  },
  parts: {
    what: 'a cancel takes the lot alone, not what was split from it',
    modules: [{ file: 'actors/core/lots/cancel.ts', from: 'familyBelow(turn, lot.id).filter(', to: '[lot].filter(' }],
    caughtBy: ['every lot ends'],
  },
  sulks: {
    what: 'a host that was fenced leaves the cell alone for 20 s, though placement has brought it back',
    modules: [
      {
        file: 'actors/cell/cell.ts',
        from: 'isAgain ? FENCED_PAUSE_MS * (1 + state.hooks.random() / 2) : 0',
        to: '20_000',
      },
    ],
    schedule: TWO_HANG,
    caughtBy: [AVAILABILITY_LAW],
  },
  early: {
    what: 'what is due in three seconds is due now',
    database: [GUARD_OFF],
    modules: [
      {
        file: 'actors/core/lots/due.ts',
        from: 'turn.nowMs >= lot.nextActionAtMs',
        to: 'turn.nowMs + 3000 >= lot.nextActionAtMs',
      },
      {
        file: 'services/adapters/postgres/sql/findDueLots.ts',
        from: 'next_action_at <= now()',
        to: "next_action_at <= now() + interval '3 seconds'",
      },
    ],
    caughtBy: ['nothing ends before its time'],
  },
  clock: {
    what: "a cell believes its machine's clock",
    database: [GUARD_OFF],
    modules: [
      {
        file: 'services/adapters/postgres/clock.ts',
        from: 'Math.floor(performance.now() + offsetMs)',
        to: 'Date.now()',
      },
    ],
    schedule: [0, 1].map((nth) => ({ ...at(6 + 10 * nth, 'clock', host(nth), 9), by: 3_600_000 })),
    caughtBy: ['what people did happened once'],
  },
  counter: {
    what: 'reserved grams are not counted',
    city: TIGHT_CITY,
    modules: [{ file: SCRIPTS, from: "'open', string.format('%.0f', (grams or 0) - had)", to: "'open', '0'" }],
    caughtBy: ['capacity is never exceeded'],
  },
  'counter-leaks': {
    what: 'grams that are given back stay counted',
    modules: [{ file: SCRIPTS, from: '(grams or 0) - had)', to: 'grams and grams - had or 0)' }, SWEEP_IS_BLIND],
    caughtBy: ['capacity comes back'],
  },
  'counter-repeats': {
    what: 'a reservation that is repeated counts again: tokens as a counter',
    city: TIGHT_CITY,
    modules: [{ file: SCRIPTS, from: '(grams or 0) - had)', to: 'grams or -had)' }, SWEEP_IS_BLIND],
    schedule: WRITES_FAIL,
    caughtBy: ['capacity comes back'],
  },
  recount: {
    what: 'after Redis was lost nobody counts what is held',
    city: TIGHT_CITY,
    modules: [
      {
        file: 'services/adapters/redis/rebuild.ts',
        from: "where state in ('open', 'claimed')",
        to: "where state in ('lost')",
      },
    ],
    schedule: REDIS_FLUSHED,
    caughtBy: ['capacity is never exceeded'],
  },
  forsaken: {
    what: 'once Redis was lost, nobody is near for good',
    modules: [
      {
        file: 'services/adapters/redis/candidates.ts',
        from: `const found = await ask(index, 'near', NEAR, [set, ...args]);
  if (found === null) return null;`,
        to: `const found = await ask(index, 'near', NEAR, [set, ...args]);
  // at the start it has yet to come
  if (found === null) index.wasLost ||= index.wasThere;
  else index.wasThere = true;
  if (found === null) return null;
  if (index.wasLost) return searches.map(() => []);`,
      },
    ],
    // so that food waits for more than a minute
    schedule: [...REDIS_FLUSHED, at(85, 'kill', ['relay'])],
    caughtBy: ['what keeps is offered within a minute', AFTERMATH_LAW],
  },
  'relay-marks-first': {
    what: 'the relay marks before it publishes',
    modules: [
      {
        file: 'services/relay/relayBatch.ts',
        from: 'const overtaken = due',
        to: 'await ports.outbox.mark(region, due);\n  const overtaken = due',
      },
    ],
    schedule: BUS_FAILS,
    caughtBy: ['events of a lot come in order'],
  },
  'relay-overtakes': {
    what: 'a later event of a lot does not wait for an earlier one',
    modules: [
      {
        file: 'services/relay/relayBatch.ts',
        from: 'await ports.outbox.overtaken(region, due, BATCH)',
        to: '[]',
      },
      { file: 'services/relay/relayBatch.ts', from: "if (typeof fate === 'object') return;", to: '' },
    ],
    schedule: BUS_STUTTERS,
    caughtBy: ['events of a lot come in order'],
  },
  sweep: {
    what: 'nobody looks for what is due',
    modules: [
      {
        file: 'services/adapters/postgres/sql/findDueLots.ts',
        from: 'next_action_at <= now()',
        to: "next_action_at <= now() - interval '1 day'",
      },
    ],
    caughtBy: ['quiet within 60 s of the last fault'],
  },
  'stale-reads': {
    what: 'a look at a surplus may be five seconds old',
    modules: [
      {
        file: 'services/adapters/postgres/sql/readSurplus.ts',
        from: 'export async function readSurplus(',
        to: `const looks = new Map();
export async function readSurplus(pool, place) {
  const look = looks.get(place.lotId);
  if (look !== undefined && look.untilMs > performance.now()) return look.read;
  const read = await readNow(pool, place);
  looks.set(place.lotId, { read, untilMs: performance.now() + 5000 });
  return read;
}
async function readNow(`,
      },
    ],
    caughtBy: ['operations on a lot are linearizable'],
  },
  refusals: {
    what: 'one accept in seven is refused as closed, though the offer is open',
    modules: [
      {
        file: 'actors/core/lots/answer.ts',
        from: "if (offer.state === 'claimed') return refuse('already-claimed', 'You have claimed this offer already.');",
        to: "if (turn.nowMs % 7 === 0) return refuse('offer-closed', 'planted');",
      },
    ],
    caughtBy: ['operations on a lot are linearizable'],
  },
  poisoned: {
    what: 'one post in seven is refused as one that cannot be stored',
    modules: [
      {
        file: 'services/api/routes/surplus.ts',
        from: 'const id = commandIdOf(request, principal);',
        to: `const id = commandIdOf(request, principal);
      if (parseInt(id.slice(-6), 16) % 7 === 0) throw new Problem('poisoned', 'planted');`,
      },
    ],
    caughtBy: ['nobody is refused without a reason'],
  },
  tokens: {
    what: "the api holds tokens against its machine's clock alone",
    modules: [{ file: 'services/api/compose.ts', from: 'clocks: [nowMs, Date.now]', to: 'clocks: [Date.now]' }],
    schedule: ['api', 'api-2'].map((api, nth) => ({ ...at(6 + 10 * nth, 'clock', [api], 9), by: 3_600_000 })),
    caughtBy: [TURNED_AWAY_LAW],
  },
  unheard: {
    what: 'workers open no consumer',
    modules: [
      {
        file: 'services/adapters/nats/consume.ts',
        from: 'if (ports.bus.isConnected()) await work().catch(ended);',
        to: 'void work; void ended;',
      },
    ],
    // else only what is put to a food bank of last resort stands for long
    ackSeconds: 40,
    caughtBy: ['every event is dealt with', TOLD_LAW],
  },
  eviction: {
    what: 'what is missing from the index is seen, and left so',
    modules: [
      SWEEP_IS_BLIND,
      // a lost set would bring the rest back with it
      {
        file: 'services/adapters/redis/keeper.ts',
        from: 'if (await dropPartial(keeper)) return;',
        to: 'void dropPartial;',
      },
    ],
    schedule: REDIS_LOSES_KEYS,
    caughtBy: ['everybody can be found again'],
  },
};

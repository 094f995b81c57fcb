/** The cell's shell on real PostgreSQL: one effect per id, the fence, poisoned commands, repeats, clocks. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Accept, Answer, Command, Post } from '#core/lots/command.ts';
import { regionOf, signedIdOf } from '#core/geo/cell.ts';
import { policyOf } from '#core/lots/policy.ts';
import { recipientNamed } from '#core/lots/evening.testkit.ts';
import { lotIdOf, type CellToken, type LotId, type OfferId, type RecipientId } from '#core/words/ids.ts';
import { createCell, MAX_WAITING_POSTS, type Cell } from '#cell/cell.ts';
import type { CellAnswer } from '#cell/contract.ts';
import { createShelf } from '#cell/openLots.ts';
import type { Candidates, CellPorts, CellStore } from '#cell/ports.ts';
import { createPool, type Pool } from '#adapters/postgres/pool.ts';
import { LOTS_AT_ONCE } from '#adapters/postgres/cellStore.ts';
import { newUuid } from '#adapters/ids/uuid.ts';
import { startPostgres, type PostgresProcess } from '../../dev/testing/loopServers.ts';
import { fakeCandidates, type FakeCandidates } from '../fakes/candidates.ts';
import { breadIn } from './bread.ts';
import { handoverCode, worldPorts, type TestClock } from './worldPorts.ts';

const CELL = '46920bd' as CellToken;
const MINUTE_MS = 60_000;
const policy = policyOf(5 * MINUTE_MS);
const failures: unknown[] = [];
const hooks = {
  activated: () => undefined,
  fenced: () => undefined,
  turned: () => undefined,
  wrote: () => undefined,
  failed: (error: unknown) => void failures.push(error),
  random: () => 0.5,
};

let server: PostgresProcess;
let pool: Pool;
let fake: FakeCandidates;
let candidates: Candidates;
let ports: ReturnType<typeof worldPorts>;
let cell: Cell;
let series = 0;

before(async () => {
  server = await startPostgres();
  pool = createPool(server.url, 'test', 12);
});
after(async () => {
  await pool.end();
  await server.stop();
});
beforeEach(async () => {
  await pool.query('truncate lot, offer, matching_history, outbox, command, recipient_day, cell');
  beginAfresh();
  ports = worldPorts(pool, candidates);
  cell = createCell(CELL, ports, policy, hooks);
  failures.length = 0;
});

/** Two recipients with all their room. */
function beginAfresh(): void {
  const recipients = [
    recipientNamed('a', { capacityGrams: 20_000 }),
    recipientNamed('b', { capacityGrams: 20_000, lat: 60.172 }),
  ];
  fake = fakeCandidates(recipients, Date.now);
  candidates = fake.candidates;
}

function postOf(change: Partial<Post> = {}): Post {
  const n = series++;
  return { id: `key-${String(n)}`, fingerprint: `body-${String(n)}`, ...breadIn(CELL), ...change };
}

async function one(command: Command, on: Cell = cell): Promise<CellAnswer> {
  const [answer] = await on.turn([command], null);
  assert.ok(answer);
  return answer;
}

function good(answer: CellAnswer | undefined): Extract<Answer, { ok: true }> {
  assert.ok(answer && 'ok' in answer && answer.ok, JSON.stringify(answer));
  return answer;
}

function refused(answer: CellAnswer | undefined): string {
  assert.ok(answer && 'ok' in answer && !answer.ok, JSON.stringify(answer));
  return answer.refused;
}

async function offered(
  change: Partial<Post> = {},
): Promise<{ lotId: LotId; offerId: OfferId; recipientId: RecipientId }> {
  const offer = good(await one(postOf(change))).surplus?.offer;
  assert.ok(offer);
  return {
    lotId: offer.surplusId as LotId,
    offerId: offer.id as OfferId,
    recipientId: offer.recipientId as RecipientId,
  };
}

function acceptOf(offer: { offerId: OfferId; recipientId: RecipientId }, quantityGrams: number | null = null): Accept {
  return { kind: 'accept', id: `accept-${String(series++)}`, fingerprint: 'x', ...offer, quantityGrams };
}

async function count(sql: string): Promise<number> {
  const { rows } = await pool.query<{ n: string }>(`select count(*) as n from ${sql}`);
  return Number(rows[0]?.n);
}

describe('one effect per id', () => {
  it('the same key twenty times at once', async () => {
    const post = postOf();
    const copies = Array.from({ length: 20 }, () => ({ ...post, lotId: lotIdOf(CELL, newUuid(Date.now())) }));
    const answers = await Promise.all(copies.map((copy) => one(copy)));
    assert.equal(new Set(answers.map((answer) => good(answer).surplus?.id)).size, 1);
    assert.equal(await count('lot'), 1);
  });

  it('another body under the same key, in the same turn and later', async () => {
    const post = postOf();
    const [first, second] = await cell.turn([post, { ...post, fingerprint: 'other' }], null);
    good(first);
    assert.equal(refused(second), 'key-reuse');
    assert.equal(refused(await one({ ...post, fingerprint: 'third' })), 'key-reuse');
    const stranger = createCell(CELL, worldPorts(pool, candidates), policy, hooks);
    assert.equal(refused(await one({ ...post, fingerprint: 'fourth' }, stranger)), 'key-reuse');
  });

  it('a refusal is kept too: the same key is refused the same way when the world has changed', async () => {
    const offer = await offered();
    const accept = { ...acceptOf(offer), quantityGrams: 9_000 };
    assert.equal(refused(await one(accept)), 'quantity');
    assert.equal(refused(await one(accept)), 'quantity');
    const again = createCell(CELL, worldPorts(pool, candidates), policy, hooks);
    assert.equal(refused(await one(accept, again)), 'quantity');
  });

  it('a crash after the commit, before the answer: the retry gets the first answer', async () => {
    const store: CellStore = {
      ...ports.store,
      write: async (turn) => {
        await ports.store.write(turn);
        throw new Error('the connection broke after the commit');
      },
    };
    const broken = createCell(CELL, { ...ports, store }, policy, hooks);
    const post = postOf();
    assert.deepEqual(await one(post, broken), { moved: true });
    const retried = good(await one({ ...post, lotId: lotIdOf(CELL, newUuid(Date.now())) }));
    assert.equal(retried.surplus?.id, post.lotId);
    assert.equal(await count('lot'), 1);
  });

  it('a key claimed for another cell sends the caller there', async () => {
    const post = postOf();
    const lotId = lotIdOf('46920b3' as CellToken, newUuid(Date.now()));
    await pool.query(
      `insert into command (geo_region_id, command_id, kind, fingerprint, elsewhere_cell, elsewhere_lot)
       values ($1, $2, 'post', $3, '46920b3', $4)`,
      [signedIdOf(regionOf(CELL)), post.id, post.fingerprint, lotId],
    );
    assert.deepEqual(await one(post), { elsewhere: { cell: '46920b3', lotId } });
    assert.equal(await count('lot'), 0);
  });
});

describe('a host with room for one lot at hand', () => {
  it('lets the others lapse from their rows, and answers what is asked about them', async () => {
    const narrow = createCell(CELL, ports, policyOf(50), hooks, createShelf(1));
    const lots = [];
    for (let n = 0; n < 3; n++) lots.push(good(await one(postOf(), narrow)).surplus);
    await pause(60);
    const wakes = lots.map((lot): Command => {
      const lotId = lot?.id as LotId;
      return { kind: 'wake', id: `wake:${lotId}:${String(lot?.version)}`, fingerprint: null, lotId };
    });
    await narrow.turn(wakes, null);
    assert.equal(await count("offer where state = 'lapsed'"), 3);
    const [first] = lots;
    const cancel = { kind: 'cancel', id: 'cancel-narrow', fingerprint: 'x', lotId: first?.id, donorId: first?.donorId };
    assert.equal(good(await one({ ...cancel, ifVersion: null } as Command, narrow)).surplus?.state, 'cancelled');
    assert.equal(await count('lot where ended_at is null'), 2);
  });
});

describe('neighbours', () => {
  it('a poisoned command never fails them', async () => {
    const answers = await cell.turn([postOf(), postOf(), postOf({ note: 'NUL \u0000' }), postOf()], null);
    assert.deepEqual(
      answers.map((answer) => ('ok' in answer && answer.ok ? 'good' : refused(answer))),
      ['good', 'good', 'poisoned', 'good'],
    );
    assert.equal(await count('lot'), 3);
    assert.equal(failures.length, 1);
  });

  it('a lot of another cell is not touched', async () => {
    assert.equal(
      refused(await one(postOf({ lotId: lotIdOf('46920b3' as CellToken, newUuid(Date.now())) }))),
      'not-found',
    );
  });
});

describe('a full cell', () => {
  it('refuses posts before it refuses answers, says so, and has done nothing of them', async () => {
    const offer = await offered();
    let open = (): void => undefined;
    let arrive = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const reached = new Promise<void>((resolve) => (arrive = resolve));
    const slow: CellPorts = {
      ...ports,
      store: { ...ports.store, write: async (turn) => (arrive(), await gate, await ports.store.write(turn)) },
    };
    const busy = createCell(CELL, slow, policy, hooks);
    const first = one(postOf({ quantityGrams: 1 }), busy);
    // In the turn that is under way there is one; from here on they wait.
    await reached;
    const posts = Array.from({ length: MAX_WAITING_POSTS + 20 }, () => one(postOf({ quantityGrams: 1 }), busy));
    const accepted = one(acceptOf(offer), busy);
    open();
    good(await first);
    assert.equal(good(await accepted).surplus?.state, 'claimed');
    const answers = await Promise.all(posts);
    assert.equal(answers.filter((answer) => 'busy' in answer).length, 20);
    assert.equal(await count('lot'), 1 + 1 + MAX_WAITING_POSTS);
  });
});

describe('races', () => {
  it('accept against cancel: one wins, the grams balance', async () => {
    for (let round = 0; round < 10; round++) {
      const offer = await offered({ quantityGrams: 1_000 });
      const cancel: Command = {
        kind: 'cancel',
        id: `cancel-${String(series++)}`,
        fingerprint: 'x',
        lotId: offer.lotId,
        donorId: null,
        ifVersion: null,
      };
      const [accepted, cancelled] = await Promise.all([one(acceptOf(offer)), one(cancel)]);
      assert.ok(good(cancelled));
      assert.ok('ok' in accepted);
      const { rows } = await pool.query<{ state: string }>('select state from lot where lot_id = $1', [offer.lotId]);
      assert.equal(rows[0]?.state, 'cancelled');
    }
    assert.equal(fake.tokens.size, 0, 'no capacity leaks');
  });

  it('accept against lapse: an accept whose turn comes first wins, else it is told so', async () => {
    const offer = await offered();
    ports.clock.aheadMs = 0;
    await pool.query(`update offer set deadline = now() - interval '1 second' where offer_id = $1`, [offer.offerId]);
    await pool.query(`update lot set next_action_at = now() - interval '1 second' where lot_id = $1`, [offer.lotId]);
    const late = createCell(CELL, worldPorts(pool, candidates), policy, hooks);
    const wake: Command = { kind: 'wake', id: 'w', fingerprint: null, lotId: offer.lotId };
    const [woken, accepted] = await late.turn([wake, acceptOf(offer)], null);
    good(woken);
    assert.equal(good(accepted).surplus?.state, 'claimed');
  });

  it('two recipients on one lot: only its own is heard', async () => {
    const offer = await offered();
    const other = offer.recipientId === 'a' ? 'b' : 'a';
    const answers = await Promise.all([
      one(acceptOf({ ...offer, recipientId: other as RecipientId })),
      one(acceptOf(offer)),
    ]);
    assert.equal(refused(answers[0]), 'not-found');
    assert.equal(good(answers[1]).offer?.state, 'claimed');
  });
});

describe('the fence', () => {
  it('a host that was fenced takes the cell at once when it is asked again: the cell may have come back', async () => {
    await offered();
    const successor = createCell(CELL, worldPorts(pool, candidates, 'successor'), policy, hooks);
    good(await one(postOf(), successor));
    assert.deepEqual(await one(postOf()), { moved: true });
    good(await one(postOf()));
  });

  it('fenced again soon, it leaves the cell alone for two seconds: another host is asked too', async () => {
    await offered();
    const successor = createCell(CELL, worldPorts(pool, candidates, 'successor'), policy, hooks);
    for (const host of [successor, undefined, successor]) {
      await one(postOf(), host);
      good(await one(postOf(), host));
    }
    assert.deepEqual(await one(postOf()), { moved: true });
    assert.deepEqual(await one(postOf()), { moved: true });
    ports.clock.aheadMs = 1_500;
    assert.deepEqual(await one(postOf()), { moved: true });
    good(await one(postOf(), successor));
    ports.clock.aheadMs = 3_100;
    good(await one(postOf()));
  });

  it('a write after not_after is refused: its capacity tokens may have been swept', async () => {
    const slow: CellPorts = {
      ...ports,
      candidates: { ...candidates, reserve: async (all) => ((ports.clock.aheadMs = 0), await candidates.reserve(all)) },
    };
    ports.clock.aheadMs = -60_000;
    const late = createCell(CELL, slow, policy, hooks);
    const answer = await one(postOf(), late);
    good(answer);
    assert.equal(await count('lot'), 1, 'refused once as late, then written in a fresh attempt');
  });
});

describe('time', () => {
  it('nothing lapses early, even when this host believes an hour has passed', async () => {
    const offer = await offered();
    ports.clock.aheadMs = 60 * MINUTE_MS;
    await one({ kind: 'wake', id: 'early', fingerprint: null, lotId: offer.lotId });
    const { rows } = await pool.query<{ state: string }>('select state from lot where lot_id = $1', [offer.lotId]);
    assert.equal(rows[0]?.state, 'offered');
  });

  for (const [jump, aheadMs] of [
    ['forth', -MINUTE_MS],
    ['back', 10 * MINUTE_MS],
  ] as const)
    it(`PostgreSQL's clock jumps ${jump}: its first refusal has the host ask for the time, and people get their answers`, async () => {
      const offer = await offered();
      let asked = 0;
      const askTime = (clock: TestClock): void => {
        asked++;
        clock.aheadMs = 0;
      };
      const own = worldPorts(pool, candidates, 'test', askTime);
      const next = createCell(CELL, own, policy, hooks);
      own.clock.aheadMs = aheadMs;
      await one({ kind: 'wake', id: `jump ${jump}`, fingerprint: null, lotId: offer.lotId }, next);
      good(await one(acceptOf(offer, 3_000), next));
      assert.equal(asked, 1);
      good(await one(postOf(), next));
      assert.deepEqual([asked, failures], [1, []]);
    });

  it('posts are accepted while candidates are rebuilt, and offered once they are back', async () => {
    fake.believe(false);
    const post = postOf();
    assert.equal(good(await one(post)).surplus?.state, 'posted');
    fake.believe(true);
    ports.clock.aheadMs = 2_500;
    await one({ kind: 'wake', id: 'again', fingerprint: null, lotId: post.lotId });
    const { rows } = await pool.query<{ state: string }>('select state from lot where lot_id = $1', [post.lotId]);
    assert.equal(rows[0]?.state, 'offered');
  });
});

describe('a recipient with room for one lot', () => {
  const full = { quantityGrams: 20_000 };

  it('is offered it though another lot of the turn was too late for somebody else', async () => {
    candidates = fakeCandidates(
      [
        recipientNamed('a', { capacityGrams: 20_000, categories: ['bakery'] }),
        recipientNamed('b', { capacityGrams: 20_000, categories: ['prepared'] }),
      ],
      Date.now,
    ).candidates;
    cell = createCell(CELL, { ...ports, candidates }, policy, hooks);
    good(await one(postOf({ ...full, category: 'prepared' })));
    // Within the time for which what was read is good enough: b still seems to have room.
    const [second, third] = await cell.turn(
      [postOf({ ...full, category: 'bakery' }), postOf({ ...full, category: 'prepared' })],
      null,
    );
    assert.equal(good(second).surplus?.offer?.recipientId, 'a');
    assert.equal(good(third).surplus?.state, 'rematching');
  });

  it('is offered it at the second try when nobody knows of the first, by this host or the next one', async () => {
    candidates = fakeCandidates([recipientNamed('a', { capacityGrams: 20_000 })], Date.now).candidates;
    const store: CellStore = { ...ports.store, write: () => Promise.reject(new Error('PostgreSQL is away')) };
    const broken = createCell(CELL, { ...ports, candidates, store }, policy, hooks);
    const post = postOf(full);
    assert.deepEqual(await one(post, broken), { moved: true });
    const next = createCell(CELL, { ...ports, candidates }, policy, hooks);
    assert.equal(good(await one(post, next)).surplus?.offer?.recipientId, 'a');
    assert.equal(good(await one(postOf(full), next)).surplus?.state, 'rematching', 'it is full now');
  });
});

describe('what a journey leaves behind', () => {
  it('every state, one history row a step, one outbox row a turn, and the day', async () => {
    const offer = await offered();
    await one(acceptOf(offer, 3_000));
    const code = handoverCode(offer.offerId, offer.recipientId, 1);
    const done = good(await one({ kind: 'handover', id: 'h', fingerprint: 'x', ...offer, code, quantityGrams: 2_000 }));
    assert.equal(done.surplus?.state, 'collected');
    assert.deepEqual(done.surplus?.lots.map((lot) => lot.quantityGrams).sort(), [1_000, 2_000]);
    const history = await pool.query<{ to_state: string }>(
      'select to_state from matching_history where lot_id = $1 order by version',
      [offer.lotId],
    );
    assert.deepEqual(
      history.rows.map((row) => row.to_state),
      ['posted', 'offered', 'claimed', 'collected'],
    );
    assert.equal(await count(`outbox where lot_id = '${offer.lotId}'`), 3);
    const { rows } = await pool.query<{ grams: string }>('select sum(collected_grams) as grams from recipient_day');
    assert.equal(rows[0]?.grams, '2000');
    const { rows: stored } = await pool.query<{ text: string }>(
      "select string_agg(c::text, ' ') as text from command c",
    );
    assert.ok(!stored[0]?.text.includes(code), 'the code is never kept');
    const sum = await pool.query<{ grams: string }>('select sum(quantity_grams) as grams from lot');
    assert.equal(sum.rows[0]?.grams, '5000');
  });
});

describe('a cell that has gathered very many open lots', () => {
  it('is taken over in parts, with every lot', async () => {
    const { surplus } = good(await one(postOf()));
    const more = 2 * LOTS_AT_ONCE + 3;
    // The uuid's last digits: the time in it, which names the partition, stays.
    await pool.query(
      `insert into lot select (jsonb_populate_record(l, jsonb_build_object('lot_id', copy, 'root_id', copy))).*
       from lot l, lateral (select left(l.lot_id, -8) || lpad(to_hex(n), 8, '0') as copy from generate_series(1, $1) n) as copies
       where l.lot_id = $2`,
      [more, surplus?.id],
    );
    const { lots } = await ports.store.activate(CELL);
    assert.equal(new Set(lots.map(({ id }) => id)).size, more + 1);
    assert.ok(lots.every((lot) => lot.state === 'offered'));
  });
});

describe('a database restored to a time before the cell', () => {
  it('knows its region again when the cell is taken, so that the sweep looks there', async () => {
    good(await one(postOf()));
    await pool.query('delete from region');
    await ports.store.activate(CELL);
    assert.equal(await count('region'), 1);
  });

  it('or to before an answer: the next look at the lot believes its row, not what the cell had in mind', async () => {
    const offer = await offered();
    await pool.query(`update offer set deadline = now() - interval '1 second'`);
    await pool.query(`update lot set next_action_at = now() - interval '1 second'`);
    const tables = ['lot', 'offer', 'matching_history', 'outbox', 'command'];
    const client = await pool.connect();
    try {
      for (const table of tables) await client.query(`create temporary table was_${table} as table ${table}`);
      good(await one(acceptOf(offer)));
      for (const table of tables)
        await client.query(`delete from ${table}; insert into ${table} select * from was_${table}`);
    } finally {
      client.release(true);
    }
    await one({ kind: 'wake', id: 'wake', fingerprint: null, lotId: offer.lotId });
    assert.equal(await count(`offer where offer_id = '${offer.offerId}' and state = 'lapsed'`), 1);
    assert.deepEqual(failures, []);
  });
});

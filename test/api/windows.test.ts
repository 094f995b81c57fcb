/** Recurring windows over HTTP, and posted by a worker's poster into real cells. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { newUuid } from '#adapters/ids/uuid.ts';
import * as windows from '#adapters/postgres/sql/windows.ts';
import { dayAfter } from '#core/words/calendar.ts';
import { createWindowPoster, type PosterPorts } from '../../services/worker/windows/poster.ts';
import { registerDonor, registerRecipient, startWorld, type Reply, type World } from './world.ts';

const AS = 'donor:kitchen';
const everyEvening = {
  timeOfDay: '21:30',
  weekdays: [1, 2, 3, 4, 5, 6, 7],
  category: 'bakery',
  storage: 'ambient',
  quantityGrams: 5_000,
  goodForMinutes: 240,
};

let world: World;
before(async () => {
  world = await startWorld();
  await registerDonor(world, 'kitchen', { timeZone: 'Asia/Jakarta' });
  await registerDonor(world, 'bakery');
  await registerRecipient(world, 'shelter');
});
after(() => world.stop());

const save = (id: string, change: object = {}, as = AS): Promise<Reply> =>
  world.ask('PUT', `/v1/windows/${id}`, { as, body: { ...everyEvening, ...change } });
const skip = (id: string, day: string, method = 'PUT'): Promise<Reply> =>
  world.ask(method, `/v1/windows/${id}/skips/${day}`, { as: AS });

/** As if its time had come a minute ago. */
async function makeDue(id: string): Promise<void> {
  await world.pool.query(`update posting_window set next_at = now() - interval '1 minute' where window_id = $1`, [id]);
}

type Cells = PosterPorts['cells'];

function poster(cells: Cells = world.given.cells): () => Promise<boolean> {
  return createWindowPoster({
    cells,
    due: (limit) => windows.findDueWindows(world.pool, limit),
    take: (window) => windows.takeWindowDay(world.pool, window),
    close: (window, done) => windows.closeWindowDay(world.pool, window, done),
    newUuid,
    nowMs: Date.now,
    onPosted: () => undefined,
    log: { warn: () => undefined },
  });
}

describe('a recurring window', () => {
  it('is added, changed and removed under an id of the donor; a repeat is the same write', async () => {
    const id = randomUUID();
    const added = await save(id);
    assert.equal(added.status, 200, added.text);
    assert.match(added.body.next.at, /T14:30:00/);
    assert.deepEqual((await save(id)).body.next, added.body.next);
    const changed = await save(id, { timeOfDay: '06:00', weekdays: [7, 1], paused: true });
    assert.deepEqual([changed.body.timeOfDay, changed.body.weekdays, changed.body.next], ['06:00', [1, 7], null]);
    assert.equal((await world.ask('GET', '/v1/windows', { as: AS })).body.items.length, 1);
    assert.equal((await save(id, {}, 'donor:bakery')).status, 404);
    for (let n = 0; n < 2; n++) assert.equal((await world.ask('DELETE', `/v1/windows/${id}`, { as: AS })).status, 204);
    assert.equal((await world.ask('GET', '/v1/windows', { as: AS })).body.items.length, 0);
    const { rows } = await world.pool.query<{ action: string }>(
      'select action from audit_log where subject = $1 order by at',
      [`window:${id}`],
    );
    assert.deepEqual(
      rows.map((row) => row.action),
      ['window.save', 'window.save', 'window.save', 'window.remove'],
    );
  });

  it('asks for a promise where food must be hot or cold, and says what is wrong', async () => {
    for (const [change, field] of [
      [{ storage: 'hot' }, '/temperature'],
      [{ temperature: 'promised' }, '/temperature'],
      [{ timeOfDay: '24:00' }, '/timeOfDay'],
      [{ weekdays: [] }, '/weekdays'],
      [{ weekdays: [8] }, '/weekdays/0'],
      [{ goodForMinutes: 5 }, '/goodForMinutes'],
    ] as const) {
      const reply = await save(randomUUID(), change);
      assert.deepEqual([reply.status, reply.body.errors?.[0]?.field], [400, field], reply.text);
    }
    assert.equal((await save('not-a-uuid')).status, 400);
    assert.equal((await save(randomUUID(), { storage: 'hot', temperature: 'promised', paused: true })).status, 200);
  });

  it('is skipped for a day, and posted on it after all', async () => {
    const id = randomUUID();
    const { next } = (await save(id)).body;
    const skipped = await skip(id, next.day);
    assert.deepEqual(skipped.body.skips, [next.day]);
    assert.ok(skipped.body.next.day > next.day);
    assert.deepEqual((await skip(id, next.day)).body, skipped.body);
    assert.deepEqual((await skip(id, next.day, 'DELETE')).body.next, next);
    assert.equal((await skip(id, '2020-01-01')).body.type, '/docs/errors/window-over');
  });
});

describe('when its time has come', () => {
  it('one surplus is posted and offered, whoever looks and however often; that day is over', async () => {
    const id = randomUUID();
    const { next } = (await save(id)).body;
    await makeDue(id);
    await Promise.all([poster()(), poster()(), poster()()]);
    await poster()();
    const { items } = (await world.ask('GET', '/v1/windows', { as: AS })).body;
    const window = items.find((each: { id: string }) => each.id === id);
    assert.deepEqual([window.last.day, window.last.outcome], [next.day, 'posted']);
    assert.ok(window.next.day > next.day);
    const surplus = (await world.ask('GET', `/v1/surplus/${window.last.surplusId}`, { as: AS })).body;
    assert.deepEqual([surplus.state, surplus.quantityGrams, surplus.offer.recipientId], ['offered', 5_000, 'shelter']);
    assert.equal((await world.ask('GET', '/v1/surplus', { as: AS })).body.items.length, 1);
    assert.equal((await skip(id, next.day)).body.type, '/docs/errors/window-over');
    // moved to a later hour of the same day: it does not come round again
    assert.ok((await save(id, { timeOfDay: '23:59' })).body.next.day > next.day);
  });

  it('of a donor who is paused its day is left out, and said to be; one that was posted stays posted', async () => {
    const setActive = (active: boolean): Promise<Reply> =>
      world.ask('PATCH', '/v1/donors/kitchen', { as: AS, body: { active }, headers: { 'if-match': '*' } });
    const [out, done] = [randomUUID(), randomUUID()];
    const { next } = (await save(out)).body;
    await save(done);
    await makeDue(done);
    await poster()();
    const before = (await world.ask('GET', '/v1/surplus', { as: AS })).body.items.length;
    assert.equal((await setActive(false)).status, 200);
    await world.pool.query(
      'update posting_window set last_day = null, last_outcome = null, next_day = $2 where window_id = $1',
      [done, next.day],
    );
    await Promise.all([makeDue(out), makeDue(done)]);
    await poster()();
    assert.equal((await setActive(true)).status, 200);
    const { items } = (await world.ask('GET', '/v1/windows', { as: AS })).body;
    const lastOf = (id: string) => items.find((each: { id: string }) => each.id === id).last;
    assert.deepEqual(lastOf(out), { day: next.day, outcome: 'paused', surplusId: null });
    assert.equal(lastOf(done).outcome, 'posted');
    assert.equal((await world.ask('GET', '/v1/surplus', { as: AS })).body.items.length, before);
  });

  it('is not posted twice when the row forgets: the cell remembers the day', async () => {
    const id = randomUUID();
    const { next } = (await save(id)).body;
    const before = (await world.ask('GET', '/v1/surplus', { as: AS })).body.items.length;
    for (let n = 0; n < 3; n++) {
      await world.pool.query(
        'update posting_window set last_day = null, last_outcome = null, next_day = $2 where window_id = $1',
        [id, next.day],
      );
      await makeDue(id);
      await poster()();
    }
    assert.equal((await world.ask('GET', '/v1/surplus', { as: AS })).body.items.length, before + 1);
  });
});

describe('a day that a worker has taken', () => {
  /** Ask for the post, or not, and never say what came of it. */
  const silent: Record<string, Cells['send']> = {
    'before it came to the cell': () => Promise.reject(new Error('away')),
    'when it had taken effect': async (...told) => {
      await world.given.cells.send(...told);
      throw new Error('the answer was lost');
    },
  };
  const posts = async (): Promise<number> => (await world.ask('GET', '/v1/surplus', { as: AS })).body.items.length;
  const windowOf = async (id: string) =>
    (await world.ask('GET', '/v1/windows', { as: AS })).body.items.find((each: { id: string }) => each.id === id);

  for (const [when, send] of Object.entries(silent)) {
    it(`and lost ${when} stays the next one, whatever is saved, and is posted once`, async () => {
      const id = randomUUID();
      const { day } = (await save(id)).body.next;
      const before = await posts();
      await makeDue(id);
      await poster({ send })();
      assert.equal((await save(id, { timeOfDay: '06:00' })).body.next.day, day);
      assert.equal((await skip(id, dayAfter(day, 1))).body.next.day, day);
      const over = await skip(id, day);
      assert.deepEqual([over.status, over.body.type], [409, '/docs/errors/window-over']);
      assert.match(over.body.detail, /is being posted/);
      await poster()();
      const { last, next } = await windowOf(id);
      assert.deepEqual([last.day, last.outcome, next.day], [day, 'posted', dayAfter(day, 2)]);
      assert.equal(await posts(), before + 1);
      assert.match((await skip(id, day)).body.detail, /has posted/);
    });
  }

  it('and changed meanwhile goes on by what was told then', async () => {
    const id = randomUUID();
    const { day } = (await save(id)).body.next;
    const before = await posts();
    await makeDue(id);
    const changing: Cells['send'] = async (...told) => {
      await save(id, { timeOfDay: '06:00' });
      return await world.given.cells.send(...told);
    };
    await poster({ send: changing })();
    await poster()();
    const { last, next } = await windowOf(id);
    assert.deepEqual([last.day, last.outcome, next.day], [day, 'posted', dayAfter(day, 1)]);
    assert.match(next.at, /T23:00:00/);
    assert.equal(await posts(), before + 1);
  });

  it('and whose answer stayed away too long is told as posted if it was: the cell remembers', async () => {
    for (const [n, outcome] of ['missed', 'posted'].entries()) {
      const id = randomUUID();
      await save(id);
      const before = await posts();
      await makeDue(id);
      await poster({ send: Object.values(silent)[n] ?? world.given.cells.send })();
      await world.pool.query(`update posting_window set next_at = now() - interval '31 minutes' where window_id = $1`, [
        id,
      ]);
      await poster()();
      assert.equal((await windowOf(id)).last.outcome, outcome);
      assert.equal(await posts(), before + n);
    }
  });

  it('and paused before an answer is not asked for again', async () => {
    const id = randomUUID();
    const { day } = (await save(id)).body.next;
    await makeDue(id);
    await poster({ send: () => Promise.reject(new Error('away')) })();
    assert.equal((await save(id, { paused: true })).body.next, null);
    await poster()();
    assert.equal((await windowOf(id)).last, null);
    assert.ok((await save(id)).body.next.day >= day);
  });
});

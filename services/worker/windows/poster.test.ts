import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { newUuid } from '#adapters/ids/uuid.ts';
import * as windows from '#adapters/postgres/sql/windows.ts';
import type { Answer, Post } from '#core/lots/command.ts';
import { localDay } from '#core/matching/hours.ts';
import { notingCells, openStage, type NotingCells, type Stage } from '../../../dev/testing/workerStage.ts';
import { ASK_AFTER_MS, createWindowPoster, GRACE_MS, WINDOWS_A_ROUND, type PosterPorts } from './poster.ts';

const ID = '018f3c5e-7a10-4c1b-9d2e-0123456789ab';
const ZONE = 'Asia/Jakarta';
const MINUTE_MS = 60_000;

let stage: Stage;
before(async () => {
  stage = await openStage();
  await stage.pool.query(
    `insert into donor (donor_id, name, lat, lon, home_region_id, time_zone) values ('kitchen', 'Kitchen', -6.2, 106.8, 1, $1)`,
    [ZONE],
  );
});
after(() => stage.stop());
afterEach(async () => {
  await stage.pool.query('truncate posting_window');
  await stage.pool.query('update donor set active = true');
});

const away: PosterPorts['cells'] = { send: () => Promise.reject(new Error('away')) };

/** A window of every day that was due so long ago. */
async function windowDue(agoMs: number, id = ID): Promise<string> {
  const atMs = Math.floor((Date.now() - agoMs) / MINUTE_MS) * MINUTE_MS;
  const day = localDay(ZONE, atMs);
  const [hours = 0, minutes = 0] = new Date(atMs + 7 * 3_600_000).toISOString().slice(11, 16).split(':').map(Number);
  await windows.saveWindow(stage.appPool, {
    id,
    donorId: 'kitchen',
    minuteOfDay: hours * 60 + minutes,
    weekdays: [1, 2, 3, 4, 5, 6, 7],
    category: 'prepared',
    storage: 'hot',
    quantityGrams: 7_000,
    goodForMinutes: 120,
    note: 'back door',
    temperature: 'promised',
    paused: false,
    skips: [],
    next: { day, atMs },
  });
  return day;
}

function posterWith(cells: PosterPorts['cells'], change: Partial<PosterPorts> = {}): () => Promise<boolean> {
  const { appPool: pool } = stage;
  return createWindowPoster({
    cells,
    due: (limit) => windows.findDueWindows(pool, limit),
    take: (window) => windows.takeWindowDay(pool, window),
    close: (window, done) => windows.closeWindowDay(pool, window, done),
    newUuid,
    nowMs: Date.now,
    onPosted: () => undefined,
    log: { warn: () => undefined },
    ...change,
  });
}

async function theWindow(): Promise<windows.PostingWindow> {
  const [window] = await windows.listWindows(stage.appPool, 'kitchen');
  assert.ok(window);
  return window;
}
const idsOf = (cells: NotingCells): string[] => cells.told.map((command) => command.id);

describe('a window that is due', () => {
  it('is posted under the id of its day, with what was told, and comes round tomorrow', async () => {
    const day = await windowDue(5 * MINUTE_MS);
    const cells = notingCells();
    await posterWith(cells)();
    const [post] = cells.told as Post[];
    assert.ok(post);
    assert.deepEqual(
      [post.id, post.fingerprint, post.donorId, post.quantityGrams, post.storage, post.temperature, post.note],
      [`window:${ID}:${day}`, 'window', 'kitchen', 7_000, 'hot', 'promised', 'back door'],
    );
    const { next, last, postingDay } = await theWindow();
    assert.deepEqual([last?.day, last?.outcome, postingDay], [day, 'posted', day]);
    assert.ok(next !== null && next.day > day && next.atMs > Date.now());
    assert.equal(post.safeUntilMs, next.atMs - 86_400_000 + 120 * MINUTE_MS);
    await posterWith(cells)();
    assert.equal(cells.told.length, 1);
  });

  it('is followed by the rest of its hour at once, unless cells are away', async () => {
    for (let n = 0; n <= WINDOWS_A_ROUND; n++) await windowDue(MINUTE_MS, `w${String(n)}`);
    assert.equal(await posterWith(away)(), false);
    const cells = notingCells();
    const round = posterWith(cells);
    assert.deepEqual([await round(), await round(), cells.told.length], [true, false, WINDOWS_A_ROUND + 1]);
  });

  it('is asked for again under the same id when the cell did not answer, or the worker died before it wrote that down', async () => {
    const day = await windowDue(MINUTE_MS);
    const cells = notingCells();
    cells.away = 1;
    await posterWith(cells)();
    assert.equal((await theWindow()).last, null);
    await posterWith(cells, { close: () => Promise.reject(new Error('died')) })();
    await posterWith(cells)();
    assert.deepEqual(idsOf(cells), [`window:${ID}:${day}`, `window:${ID}:${day}`]);
    assert.equal((await theWindow()).last?.outcome, 'posted');
  });

  it('comes before those that are asked for again: cells that are away hold up nobody else', async () => {
    await windowDue(2 * MINUTE_MS);
    await posterWith(away)();
    await windowDue(MINUTE_MS, 'fresh');
    const due = await windows.findDueWindows(stage.appPool, 1);
    assert.deepEqual(
      due.map((window) => window.id),
      ['fresh'],
    );
  });

  it('has one id for two workers that look at the same moment', async () => {
    const day = await windowDue(MINUTE_MS);
    const cells = notingCells();
    await Promise.all([posterWith(cells)(), posterWith(cells)(), posterWith(cells)()]);
    assert.deepEqual([...new Set(idsOf(cells))], [`window:${ID}:${day}`]);
    assert.equal((await theWindow()).last?.day, day);
  });

  it('is not posted when it was skipped or changed after it was read', async () => {
    await windowDue(MINUTE_MS);
    const cells = notingCells();
    const skippedMeanwhile: PosterPorts['due'] = async (limit) => {
      const due = await windows.findDueWindows(stage.appPool, limit);
      for (const window of due) await windows.saveWindow(stage.appPool, { ...window, next: null, paused: true });
      return due;
    };
    await posterWith(cells, { due: skippedMeanwhile })();
    assert.deepEqual([cells.told.length, (await theWindow()).next], [0, null]);
  });

  it('keeps a change that was made while it was being posted', async () => {
    const day = await windowDue(MINUTE_MS);
    const later = { day: '2099-01-01', atMs: Date.UTC(2099, 0, 1) };
    const cells = notingCells();
    const changing: PosterPorts['cells'] = {
      send: async (cell, command) => {
        const window = await theWindow();
        await windows.saveWindow(stage.appPool, { ...window, next: later });
        return await cells.send(cell, command);
      },
    };
    await posterWith(changing)();
    const { next, last } = await theWindow();
    assert.deepEqual([next, last?.day], [later, day]);
  });
});

describe('a window that is not to be posted', () => {
  it('too late is left out, and said to be', async () => {
    const day = await windowDue(GRACE_MS + 2 * MINUTE_MS);
    const cells = notingCells();
    await posterWith(cells)();
    const { next, last } = await theWindow();
    assert.deepEqual([cells.told.length, last?.outcome, last?.day], [0, 'missed', day]);
    assert.ok(next !== null && next.day > day);
  });

  it('too late, but asked for in time, is asked after: it stays posted if it was, and is not posted now', async () => {
    for (const outcome of ['posted', 'missed']) {
      const day = await windowDue(GRACE_MS + 2 * MINUTE_MS);
      const asked: Post[] = [];
      const kept: Answer = { ok: true, surplus: null, offer: null };
      const remembering: PosterPorts['cells'] = {
        send: (_, command) => {
          asked.push(command as Post);
          return Promise.resolve(outcome === 'posted' ? kept : { ok: false, refused: 'donor-paused', detail: '' });
        },
      };
      await posterWith(away, { nowMs: () => Date.now() - GRACE_MS })();
      await posterWith(away)();
      assert.equal((await theWindow()).last, null, 'the next round asks again');
      await posterWith(remembering)();
      const { next, last } = await theWindow();
      assert.deepEqual([asked.length, asked[0]?.id, asked[0]?.donorPaused], [1, `window:${ID}:${day}`, true]);
      assert.deepEqual([last?.outcome, last?.day], [outcome, day]);
      assert.ok(next !== null && next.day > day);
      await stage.pool.query('truncate posting_window');
    }
  });

  it('is not asked after for ever', async () => {
    const day = await windowDue(ASK_AFTER_MS + 2 * MINUTE_MS);
    await posterWith(away, { nowMs: () => Date.now() - ASK_AFTER_MS })();
    await posterWith(away)();
    const { last } = await theWindow();
    assert.deepEqual([last?.outcome, last?.day], ['missed', day]);
  });

  it('of a donor who is paused is left out, and said to be', async () => {
    const day = await windowDue(MINUTE_MS);
    await stage.pool.query('update donor set active = false');
    const asked: Post[] = [];
    const refusing: PosterPorts['cells'] = {
      send: (_, command) => {
        asked.push(command as Post);
        return Promise.resolve({ ok: false, refused: 'donor-paused', detail: '' });
      },
    };
    await posterWith(refusing)();
    const { next, last } = await theWindow();
    assert.equal(asked[0]?.donorPaused, true);
    assert.deepEqual([last?.outcome, last?.day, last?.surplusId], ['paused', day, null]);
    assert.ok(next !== null && next.day > day);
  });
});

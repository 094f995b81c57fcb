import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type pg from 'pg';
import { startPostgres, testPool, type PostgresProcess } from '../dev/testing/freshDatabase.ts';
import { undoing } from '../dev/testing/undoing.ts';
import { cellAt } from '#adapters/geo/s2.ts';
import { regionOf } from '#core/geo/cell.ts';
import { openUntilMs } from '#core/matching/hours.ts';
import { CATEGORIES, STORAGES } from '#core/words/food.ts';
import { parseOrganisationId } from '#core/words/ids.ts';
import { helsinki } from './seed/helsinki.ts';
import { jakarta } from './seed/jakarta.ts';
import type { City, SeedRecipient } from './seed/organisation.ts';

const WEEK_MINUTES = 7 * 1440;
const digest = (city: City): string => createHash('sha256').update(JSON.stringify(city)).digest('hex');

function isOpen(recipient: SeedRecipient, minute: number): boolean {
  const mondayMs = Date.parse('2026-02-02T00:00:00Z');
  return openUntilMs(recipient.hours, 'UTC', mondayMs + minute * 60_000) !== null;
}

for (const [name, city] of [
  ['helsinki', helsinki()],
  ['jakarta', jakarta()],
] as const) {
  describe(`the seed of ${name}`, () => {
    const ordinary = city.recipients.filter((each) => !each.fallback);

    it('has ids that the api takes, each once', () => {
      const ids = [...city.donors, ...city.recipients].map((each) => each.id);
      assert.equal(new Set(ids).size, ids.length);
      assert.deepEqual(
        ids.filter((id) => parseOrganisationId(id) !== id),
        [],
      );
    });

    it('has one food bank of last resort, which takes anything at any time', () => {
      const [bank, ...more] = city.recipients.filter((each) => each.fallback);
      assert.ok(bank !== undefined && more.length === 0);
      assert.deepEqual(
        [bank.categories, bank.storages, bank.hours, bank.travelMode],
        [CATEGORIES, STORAGES, [[0, WEEK_MINUTES]], 'auto'],
      );
      assert.ok(bank.capacityGrams >= 1e9 && bank.derived.includes('all'));
    });

    it('has recipients of 20 to 400 kg, two or three times that a day', () => {
      for (const { capacityGrams, dailyCapacityGrams, weeklyNeedGrams } of ordinary) {
        assert.ok(capacityGrams >= 20_000 && capacityGrams <= 400_000);
        assert.ok(dailyCapacityGrams >= 2 * capacityGrams && dailyCapacityGrams <= 3 * capacityGrams);
        assert.ok(weeklyNeedGrams >= 3 * dailyCapacityGrams);
      }
    });

    it('has somebody for usual food at any minute of the week', () => {
      for (let minute = 0; minute < WEEK_MINUTES; minute += 15) {
        const open = ordinary.filter((each) => isOpen(each, minute));
        assert.ok(open.length >= 15, `${String(open.length)} open at minute ${String(minute)}`);
        for (const category of CATEGORIES) {
          for (const storage of ['ambient', 'chilled', 'hot'] as const) {
            const takers = open.filter((each) => each.categories.includes(category) && each.storages.includes(storage));
            assert.ok(
              takers.length >= 5,
              `${category}, ${storage} at minute ${String(minute)}: ${String(takers.length)}`,
            );
          }
        }
      }
    });

    it('has needs within 0 and 1, of what is taken', () => {
      for (const { needs, categories } of ordinary) {
        for (const [category, weight] of Object.entries(needs)) {
          assert.ok((categories as readonly string[]).includes(category) && weight > 0 && weight <= 1);
        }
      }
    });
  });
}

describe('the seeds', () => {
  it('Helsinki is what OpenStreetMap has, and one more', () => {
    const city = helsinki();
    assert.equal(city.donors.length, 452);
    assert.equal(city.recipients.length, 54);
    for (const name of ['donors', 'recipients']) {
      const file = readFileSync(new URL(`helsinki/${name}.geojson`, import.meta.url), 'utf8');
      assert.ok(
        (JSON.parse(file) as { attribution: string }).attribution.includes('© OpenStreetMap contributors, ODbL'),
      );
    }
    const osm = city.recipients.filter((each) => each.osm !== null);
    assert.ok(
      osm.every(
        (each) => each.derived.includes('capacityGrams') && each.id === `osm-${String(each.osm).replace('/', '-')}`,
      ),
    );
    const told = city.donors.filter((each) => !each.derived.includes('hours'));
    assert.ok(told.length >= 220 && told.every((each) => each.hoursText !== null));
  });

  it('Jakarta is spread like a metropolis', () => {
    const cells = new Set(jakarta().donors.map((donor) => cellAt(donor)));
    assert.ok(cells.size > 180 && cells.size < 210, String(cells.size));
    assert.equal(new Set([...cells].map((cell) => regionOf(cell))).size, 9);
  });

  it('is the same city for the same seed, byte for byte, and another one for another', () => {
    assert.equal(digest(jakarta()), '02b12fe5c1c2b3132093218acc1b5c5f3b99df83c8ba9b29ee7b53cf2cdaa19b');
    assert.equal(digest(helsinki()), '8979ac7ddc41e588c5a989a2de08d08419aa2ee12829c5da93d5be0ade928834');
    const small = { donors: 50, recipients: 10 };
    assert.notEqual(digest(jakarta({ ...small, seed: 'a' })), digest(jakarta({ ...small, seed: 'b' })));
    assert.deepEqual(jakarta(small).donors, jakarta().donors.slice(0, 50));
  });
});

describe('seeding a database', { concurrency: false }, () => {
  let postgres: PostgresProcess;
  let pool: pg.Pool;
  const undo = undoing();
  before(async () => {
    postgres = undo.after(await startPostgres(), (it) => it.stop());
    pool = undo.after(testPool(postgres.url), (it) => it.end());
  });
  after(() => undo.all());

  const seed = (city: string, url: string | undefined = postgres.appUrl) =>
    new Promise<{ code: number | null; text: string }>((resolve) => {
      const env = { ...process.env, DATABASE_URL: url, MIGRATION_DATABASE_URL: undefined };
      const child = spawn(process.execPath, [new URL('seed.ts', import.meta.url).pathname, '--city', city], { env });
      let text = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (text += String(data)));
      child.once('close', (code) => resolve({ code, text }));
    });
  const rows = async (sql: string): Promise<Record<string, unknown>[]> =>
    (await pool.query<Record<string, unknown>>(sql)).rows;

  it('writes Helsinki with its regions, by the rights of a service', async () => {
    const { code, text } = await seed('helsinki');
    assert.equal(code, 0, text);
    const counts =
      'select (select count(*) from donor)::int donors, (select count(*) from recipient)::int recipients, (select count(*) from region)::int regions';
    assert.deepEqual(await rows(counts), [{ donors: 452, recipients: 54, regions: 1 }]);
    const homeless =
      'select donor_id from donor left join region on home_region_id = geo_region_id where geo_region_id is null';
    assert.deepEqual(await rows(homeless), []);
    assert.deepEqual(await rows('select count(*)::int n from recipient where fallback and active'), [{ n: 1 }]);
  });

  it('changes nothing the second time, and never what people changed', async () => {
    await pool.query("update recipient set name = 'Ours', version = 2 where recipient_id = 'osm-node-410088134'");
    await pool.query("update donor set name = 'Stale' where donor_id = 'osm-node-1007416273'");
    const before = await rows('select recipient_id, updated_at from recipient order by 1');
    assert.equal((await seed('helsinki')).code, 0);
    assert.deepEqual(await rows('select recipient_id, updated_at from recipient order by 1'), before);
    assert.deepEqual(await rows("select name from recipient where recipient_id = 'osm-node-410088134'"), [
      { name: 'Ours' },
    ]);
    assert.deepEqual(await rows("select name from donor where donor_id = 'osm-node-1007416273'"), [
      { name: 'Théhuone' },
    ]);
  });

  it('writes Jakarta and says how far it is', async () => {
    const { code, text } = await seed('jakarta');
    assert.equal(code, 0, text);
    assert.match(text, /donor: 10000 of 10000/);
    assert.deepEqual(await rows("select count(*)::int n from donor where time_zone = 'Asia/Jakarta'"), [{ n: 10_000 }]);
  });

  it('names its cities when asked for another one, and what it misses', async () => {
    assert.deepEqual(await seed('atlantis'), {
      code: 1,
      text: 'There is no city "atlantis". Choose one of: helsinki, jakarta.\n',
    });
    const nowhere = await seed('helsinki', '');
    assert.match(nowhere.text, /^Set MIGRATION_DATABASE_URL/);
    assert.equal(nowhere.code, 1);
  });
});

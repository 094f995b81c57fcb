import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { openUntilMs } from '#core/matching/hours.ts';
import { parseOpeningHours } from './parseOpeningHours.ts';

const DAY = 1440;
const everyDay = (from: number, to: number) =>
  Array.from({ length: 7 }, (_, day) => [day * DAY + from, day * DAY + to]);
const hoursOf = (text: string) => {
  const parsed = parseOpeningHours(text);
  assert.ok(parsed.ok, text);
  return parsed.hours;
};

describe('opening hours', () => {
  it('reads plain, nightly, seasonal and never', () => {
    assert.deepEqual(hoursOf('24/7'), [[0, 7 * DAY]]);
    assert.deepEqual(hoursOf('closed'), []);
    assert.deepEqual(hoursOf('Mo-Su 10:00-22:00'), everyDay(600, 1320));
    assert.deepEqual(hoursOf('Mo-Su 12:00-02:00'), everyDay(720, DAY + 120));
    assert.deepEqual(hoursOf('Sep-May: Fr 18:00-22:00'), [[4 * DAY + 1080, 4 * DAY + 1320]]);
    assert.deepEqual(hoursOf('Mo-Fr 8:30-16:30; PH off').length, 5);
  });

  it('gives errors as values', () => {
    assert.deepEqual(parseOpeningHours('gibberish'), { ok: false, because: 'syntax' });
    assert.deepEqual(parseOpeningHours(''), { ok: false, because: 'syntax' });
    assert.deepEqual(parseOpeningHours('Mo '.repeat(200)), { ok: false, because: 'syntax' });
    assert.deepEqual(parseOpeningHours('"for request only"'), { ok: false, because: 'unknown' });
    assert.deepEqual(parseOpeningHours('16:00+'), { ok: false, because: 'unknown' });
  });

  it('agrees with what the core makes of it, over the end of the week', () => {
    const hours = hoursOf('Su 20:00-03:00');
    const mondayNight = Date.parse('2026-03-09T01:30:00+02:00');
    assert.equal(openUntilMs(hours, 'Europe/Helsinki', mondayNight), Date.parse('2026-03-09T03:00:00+02:00'));
    assert.equal(openUntilMs(hours, 'Europe/Helsinki', mondayNight + 2 * 3_600_000), null);
  });

  it('reads all but a few of the texts in our data, within the bounds of weekly hours', () => {
    const texts = ['donors', 'recipients'].flatMap((name) => {
      const file = readFileSync(new URL(`../../../data/helsinki/${name}.geojson`, import.meta.url), 'utf8');
      const { features } = JSON.parse(file) as { features: { properties: { opening_hours?: string } }[] };
      return features.flatMap(({ properties }) => properties.opening_hours ?? []);
    });
    const unread = texts.filter((text) => !parseOpeningHours(text).ok);
    assert.ok(texts.length === 240 && unread.length <= 5, unread.join('\n'));
    for (const text of texts) {
      const parsed = parseOpeningHours(text);
      for (const [from, to] of parsed.ok ? parsed.hours : []) {
        assert.ok(from >= 0 && from < 7 * DAY && to > from && to <= 8 * DAY, `${text}: ${String(from)}-${String(to)}`);
      }
    }
  });

  it('does not depend on the zone of the machine', () => {
    const program = `import { parseOpeningHours } from ${JSON.stringify(new URL('parseOpeningHours.ts', import.meta.url).href)};
      console.log(JSON.stringify(['Mo-Su 12:00-02:00', 'Mo-Fr 8:30-16:30; PH off'].map((text) => parseOpeningHours(text))));`;
    const outputs = ['UTC', 'Pacific/Apia', 'America/New_York', 'Asia/Kathmandu'].map(
      (TZ) =>
        spawnSync(process.execPath, ['--input-type=module', '-e', program], {
          env: { ...process.env, TZ },
          encoding: 'utf8',
        }).stdout,
    );
    assert.ok(outputs[0]?.includes('true'));
    assert.equal(new Set(outputs).size, 1);
  });
});

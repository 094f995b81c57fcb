/** Thousands of evenings hold every law; and each planted fault makes some evening break one. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { brokenLaws, playEvening } from './evening.ts';

const HOUSE = join(import.meta.dirname, '../..');
const SEEDS = Number(process.env['SEEDS'] ?? 10_000);
/**
 * Ten thousand evenings take two minutes of one core at most: 45 to 55 s on the boxes we have. CPU and not the wall's time: whoever else uses
 * the machine is no fault of the core. Fewer evenings may take as much, or starting Node.js would count.
 */
const CPU_SECONDS = (120 * Math.max(SEEDS, 10_000)) / 10_000;

/** file, what stands there, what the fault makes of it */
const FAULTS: Record<string, readonly (readonly [file: string, from: string, to: string])[]> = {
  'the command table is off': [
    ['test/simulation/memoryStore.ts', 'if (repeated.length > 0)', 'if (repeated.length > 1_000)'],
  ],
  'fence and version check are off': [
    [
      'test/simulation/memoryStore.ts',
      'if (String(tables.epochs.get(turn.cell)) !== turn.epoch)',
      'if (turn.epoch === "")',
    ],
    ['test/simulation/memoryStore.ts', 'if (was?.version !== before?.version)', 'if (was?.version === -1)'],
  ],
  'a fenced owner gives back whatever it asked for': [
    ['actors/cell/capacity.ts', 'ports.candidates.withdraw(obsolete, held.epoch)', 'ports.candidates.free(obsolete)'],
  ],
  'capacity is not reserved': [
    ['actors/cell/capacity.ts', 'if (missing.length === 0) return true;', 'if (missing.length >= 0) return true;'],
  ],
  'a post that comes again does not meet its lot': [
    [
      'actors/cell/attempt.ts',
      'owned.lots.has(id) && atHand === undefined',
      'id === owned.token && atHand === undefined',
    ],
  ],
  'who was tried is asked again': [['actors/core/matching/feasible.ts', "return 'tried';", 'return null;']],
  'a split loses a gram': [
    ['actors/core/lots/split.ts', 'lot.quantityGrams - keptGrams;', 'lot.quantityGrams - keptGrams - 1;'],
  ],
  'offers lapse early': [
    ['test/simulation/memoryStore.ts', 'step.notBeforeMs > nowMs', 'step.notBeforeMs < 0'],
    ['actors/core/lots/due.ts', 'turn.nowMs >= lot.nextActionAtMs ||', 'turn.nowMs >= 0 ||'],
  ],
  'a cancelled lot keeps its offer': [
    ['actors/core/lots/cancel.ts', "closeOffer(turn, lot, 'withdrawn')", 'lot.offers'],
  ],
  'a closed offer can be answered': [
    [
      'actors/core/lots/verdict.ts',
      'if (currentOffer(lot)?.id === offer.id) return null;',
      'if (offer.attempt > 0) return null;',
    ],
    ['actors/core/lots/verdict.ts', "if (offer.state === 'lapsed') return", 'if (offer.attempt < 0) return'],
  ],
  'rematching lots never expire': [
    [
      'actors/core/lots/due.ts',
      "case 'rematching':\n      if (turn.nowMs >= lot.safeUntilMs)",
      "case 'rematching':\n      if (turn.nowMs < 0)",
    ],
  ],
  'the collected part stays with the rest': [
    ['actors/core/lots/handover.ts', 'const kept = grams < claimed.quantityGrams ?', 'const kept = grams < 0 ?'],
  ],
};

function play(folder: string, first: number, count: number): Promise<{ code: number; said: string }> {
  const args = [join(folder, 'test/simulation/play.ts'), String(first), String(count)];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: folder }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : 1, said: stdout + stderr.slice(0, 500) }),
    );
  });
}

it(`${String(SEEDS)} evenings hold every law, in ${String(CPU_SECONDS)} s of one core`, async (t) => {
  const half = Math.ceil(SEEDS / 2);
  const runs = await Promise.all([play(HOUSE, 1, half), play(HOUSE, 1 + half, SEEDS - half)]);
  for (const { code, said } of runs) assert.equal(code, 0, said);
  const cpuSeconds = runs.reduce((sum, { said }) => sum + Number(/([\d.]+) s of CPU/.exec(said)?.[1]), 0);
  t.diagnostic(`${cpuSeconds.toFixed(0)} s of CPU`);
  assert.ok(cpuSeconds <= CPU_SECONDS, `${cpuSeconds.toFixed(0)} s of CPU, more than ${String(CPU_SECONDS)}`);
});

it('the same seed is the same evening', async () => {
  const [one, two] = [await playEvening(7), await playEvening(7)];
  assert.deepEqual(one.trace, two.trace);
  assert.deepEqual(brokenLaws(one), []);
});

describe('a planted fault breaks a law', () => {
  let copies: string;
  before(() => void (copies = mkdtempSync(join(tmpdir(), 'mutants-'))));
  after(() => rmSync(copies, { recursive: true, force: true }));

  for (const [index, [name, changes]] of Object.entries(FAULTS).entries()) {
    it(name, async () => {
      const folder = join(copies, String(index));
      for (const each of ['package.json', 'actors', 'test/simulation', 'test/fakes']) {
        cpSync(join(HOUSE, each), join(folder, each), { recursive: true });
      }
      for (const [file, from, to] of changes) {
        const text = readFileSync(join(folder, file), 'utf8');
        assert.ok(text.includes(from), `${file} no longer holds: ${from}`);
        writeFileSync(join(folder, file), text.replace(from, to));
      }
      // The faintest shows in one evening of some hundreds.
      const { code, said } = await play(folder, 1, 2_000);
      assert.equal(code, 1, `the fault went unnoticed: ${said}`);
      assert.match(said, /^seed \d+: /, said);
    });
  }
});

/** `make faults-mutants`: each planted bug under its own faults; a bug that one of its laws does not catch is a failure of the laws. */
import { temporaryFolder } from '../../dev/stack/ending.ts';
import { runCampaign } from './campaign.ts';
import { judge } from './judge.ts';
import type { Breach } from './breach.ts';
import type { Mutant } from './mutant.ts';
import { MUTANTS } from './mutants.ts';

const AFTER_THE_LAST_FAULT_MS = 12_000;
const SHORTEST_MS = 35_000;
/** Sound campaigns took 14 to 20 s; who is not quiet by then is caught by that. */
const QUIET_WITHIN_MS = 45_000;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const asked = (process.env['MUTANTS'] ?? '').split(',').filter((name) => name !== '');
const seed = process.env['SEED'] === undefined || process.env['SEED'] === '' ? '1' : process.env['SEED'];
const escaped: string[] = [];
for (const name of asked.length > 0 ? asked : Object.keys(MUTANTS)) {
  const mutant = MUTANTS[name];
  if (mutant === undefined) throw new Error(`no mutant ${name}; there are ${Object.keys(MUTANTS).join(', ')}`);
  const broken = await lawsThatCatch(name, mutant);
  const missing = mutant.caughtBy.filter((law) => !broken.has(law));
  if (missing.length > 0) escaped.push(`${name} (${missing.join(', ')})`);
  const others = [...broken.keys()].filter((law) => !mutant.caughtBy.includes(law));
  const laws = [...mutant.caughtBy, ...others].map((law) => `${law} ×${String(broken.get(law)?.length ?? 0)}`);
  say(`${name.padEnd(18)} ${(missing.length === 0 ? 'caught' : 'ESCAPED').padEnd(8)} ${laws.join(' · ')}`);
  for (const law of mutant.caughtBy) say(`${' '.repeat(28)}${broken.get(law)?.[0]?.what ?? `not caught by: ${law}`}`);
}
say(escaped.length === 0 ? 'every planted bug is caught' : `not caught by its law: ${escaped.join('; ')}`);
process.exit(escaped.length === 0 ? 0 : 1);

/** What this bug breaks, by law. */
async function lawsThatCatch(name: string, mutant: Mutant): Promise<ReadonlyMap<string, readonly Breach[]>> {
  const schedule = mutant.schedule ?? [];
  const durationMs = Math.max(
    SHORTEST_MS,
    ...schedule.map(({ atMs, forMs }) => atMs + forMs + AFTER_THE_LAST_FAULT_MS),
  );
  const { dir, remove } = temporaryFolder(`faults-${name}`);
  const options = { seed, durationMs, city: 'helsinki', postsPerSecond: 4, dir, schedule, mutant };
  const campaign = await runCampaign({ ...options, quietWithinMs: QUIET_WITHIN_MS, say: () => undefined });
  const { breaches } = judge(campaign, dir);
  remove();
  return Map.groupBy(breaches, ({ law }) => law);
}

/** `make faults-mutants`: each planted bug under its own faults; a bug that no law catches is a failure of the laws. */
import { temporaryFolder } from '../../dev/stack/ending.ts';
import { runCampaign } from './campaign.ts';
import { judge } from './judge.ts';
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
  const laws = await lawsThatCatch(name);
  const mutant = MUTANTS[name];
  const isCaught = mutant !== undefined && laws.includes(mutant.caughtBy);
  if (!isCaught) escaped.push(name);
  say(`${name.padEnd(18)} ${(isCaught ? 'caught' : 'ESCAPED').padEnd(8)} ${laws.join(' · ')}`);
}
say(escaped.length === 0 ? 'every planted bug is caught' : `not caught by its law: ${escaped.join(', ')}`);
process.exit(escaped.length === 0 ? 0 : 1);

/** The laws that this bug breaks, the one that must be broken first. */
async function lawsThatCatch(name: string): Promise<string[]> {
  const mutant = MUTANTS[name];
  if (mutant === undefined) throw new Error(`no mutant ${name}; there are ${Object.keys(MUTANTS).join(', ')}`);
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
  const laws = [...new Set(breaches.map(({ law }) => law))];
  return laws.sort((a, b) => Number(b === mutant.caughtBy) - Number(a === mutant.caughtBy));
}

/** `make simulation FIRST=… COUNT=…` (R10): plays evenings from a range of seeds; exit code 1 names the first that broke a law. */
import { brokenLaws, playEvening } from './evening.ts';

const [first = 1, count = 1_000] = process.argv.slice(2).map(Number);
if (!(Number.isInteger(first) && Number.isInteger(count) && count > 0))
  throw new Error('FIRST and COUNT are whole numbers, COUNT at least 1: make simulation FIRST=20001 COUNT=1000');
let steps = 0;
for (let seed = first; seed < first + count; seed++) {
  const evening = await playEvening(seed);
  steps += evening.trace.length;
  const broken = brokenLaws(evening);
  if (broken.length > 0) {
    process.stdout.write(`seed ${String(seed)}: ${broken.slice(0, 3).join('; ')}\n`);
    if (process.env['TRACE'] === '1') process.stdout.write(`${evening.trace.join('\n')}\n`);
    process.exit(1);
  }
}
const { user, system } = process.cpuUsage();
const cpuSeconds = ((user + system) / 1e6).toFixed(1);
process.stdout.write(
  `${String(count)} evenings from seed ${String(first)}, ${String(steps)} answers: every law held; ${cpuSeconds} s of CPU\n`,
);

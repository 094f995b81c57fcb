/** `make soak MINUTES=10 RATE=200`: does anything grow under a steady load? Prints memory by minute. */
import { parseArgs } from 'node:util';
import { posts, type Bench } from './scenarios.ts';
import { startWorld } from './world.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, rate: { type: 'string', default: '200' } },
});
const [minutes, rate] = [Number(values.minutes), Number(values.rate)];
const WATCHED = ['api', 'actor-host', 'relay', 'worker', 'api.daprd', 'actor-host.daprd'];
/** The first minutes warm up; after them a process may not grow by more than this share. */
const WARM_MINUTES = 3;
const MAX_GROWTH = 0.1;

async function soak(bench: Bench): Promise<boolean> {
  const byMinute: Readonly<Record<string, number>>[] = [];
  for (let minute = 0; minute < minutes; minute++) {
    await bench.world.signIn();
    const { peakRssMegabytes } = await posts(bench, { name: `minute ${String(minute + 1)}`, seconds: 60, rate });
    byMinute.push(peakRssMegabytes);
  }
  let grew = false;
  console.log(`\nMB at most, by minute, ${String(rate)} posts/s`);
  for (const name of WATCHED) {
    const sizes = byMinute.map((each) => each[name] ?? 0);
    const warm = Math.max(...sizes.slice(0, WARM_MINUTES));
    const growth = (sizes.at(-1) ?? 0) / warm - 1;
    grew ||= growth > MAX_GROWTH;
    console.log(
      `${name.padEnd(18)} ${sizes.map((size) => size.toFixed(0).padStart(5)).join('')}  ${(growth * 100).toFixed(0)} %`,
    );
  }
  return grew;
}

const say = (line: string): void => console.log(line);
const world = await startWorld(say);
try {
  const grew = await soak({ world, seed: 'soak', say, watch: { schema: 'public', catchUpWithinMs: 60_000 } });
  console.log(grew ? 'it grows' : 'nothing grows');
  process.exitCode = grew ? 1 : 0;
} finally {
  await world.stop();
}

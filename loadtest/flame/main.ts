/**
 * `make flame LOAD=512 SECONDS=20 OUT=docs/flame.svg`: where a post's CPU goes, over all processes, under a load as `make compare` names them. Ours are opened up by V8's own profiler (in
 * wall time, so compare on a quiet box); of the servers only their sums are known.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { temporaryFolder } from '../../dev/stack/ending.ts';
import { CHECKOUT } from '../../dev/stack/tools.ts';
import { loadsOf } from '../compare/loads.ts';
import { posts } from '../scenarios.ts';
import { startWorld } from '../world.ts';
import { flame } from './draw.ts';
import { fold, frame, ownWeights, scaled, type CpuProfile, type Frame } from './fold.ts';

const [load, ...more] = loadsOf(process.env['LOAD'] || '512');
const seconds = Number(process.env['SECONDS'] || 20);
const out = process.env['OUT'] || 'docs/flame.svg';
if (load === undefined || more.length > 0) throw new RangeError('LOAD names one load. For example: LOAD=500/s');
if (!(seconds > 0)) throw new RangeError('SECONDS is a number above 0.');
const { name } = load;
const WARM_UP_SECONDS = 15;
const PROFILED = ['api', 'actor-host', 'relay', 'worker'];
const say = (line: string): void => console.log(`${new Date().toISOString().slice(11, 19)} ${line}`);
const nowUs = (): number => Number(process.hrtime.bigint() / 1000n);

const { dir: profiles, remove: removeProfiles } = temporaryFolder('flame');
const envOf = (name: string): Record<string, string> =>
  PROFILED.includes(name) ? { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${join(profiles, name)}` } : {};

async function measured(): Promise<{ cpu: Readonly<Record<string, number>>; fromUs: number; untilUs: number }> {
  const world = await startWorld(say, { withCompared: false, envOf });
  try {
    const bench = { world, seed: '1', say, watch: { schema: 'public', catchUpWithinMs: 60_000 } } as const;
    await posts(bench, { ...load, name: 'warm-up', seconds: WARM_UP_SECONDS });
    const fromUs = nowUs();
    const { cpuPer1000, perSecond, batchOfTurn, othersShare } = await posts(bench, { ...load, name: 'flame', seconds });
    const others = othersShare > 0.05 ? `, others took ${(othersShare * 100).toFixed(0)} % of the box` : '';
    say(`${perSecond.toFixed(0)} posts/s, ${batchOfTurn.toFixed(1)} a turn${others}`);
    return { cpu: cpuPer1000, fromUs, untilUs: nowUs() };
  } finally {
    await world.stop();
  }
}

function profileOf(name: string): CpuProfile {
  const dir = join(profiles, name);
  const [file] = readdirSync(dir);
  if (file === undefined) throw new Error(`${name} left no profile.`);
  return JSON.parse(readFileSync(join(dir, file), 'utf8')) as CpuProfile;
}

function treeOf({ cpu, fromUs, untilUs }: Awaited<ReturnType<typeof measured>>): Frame {
  const processes = Object.entries(cpu).map(([name, ms]) => {
    if (!PROFILED.includes(name)) return frame(name, ms);
    const folded = fold(name, profileOf(name), fromUs, untilUs, CHECKOUT);
    return scaled(folded, ms / folded.weight);
  });
  const all = frame('all of it');
  for (const each of processes) {
    all.children.set(each.name, each);
    all.weight += each.weight;
  }
  return all;
}

/** Places of any process that cost most by themselves, in ms a post. */
function table(all: Frame, count: number): string {
  const own = [...ownWeights(all)].filter(([name]) => !PROFILED.includes(name));
  const rows = own.sort(([, one], [, other]) => other - one).slice(0, count);
  const line = ([name, ms]: readonly [string, number]): string =>
    `| ${name} | ${ms.toFixed(3)} | ${((100 * ms) / all.weight).toFixed(1)} |`;
  return ['| where | ms a post | % |', '|---|---:|---:|', ...rows.map(line)].join('\n');
}

try {
  const all = treeOf(await measured());
  const title = `CPU of one post, ${all.weight.toFixed(2)} ms, make flame LOAD=${name} · ${new Date().toISOString().slice(0, 10)}`;
  writeFileSync(resolve(CHECKOUT, out), flame(title, all, 'ms a post'));
  console.log(`${table(all, 25)}\n\n${out}`);
} finally {
  removeProfiles();
}

/**
 * `make faults SEED=… MINUTES=…`: kills, hangs and empties what the platform stands on, under load, and asks what is left.
 * Exit code 1: a law was broken (the first one and its evidence are named), or linearizability could not be checked.
 */
import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CITIES } from '../../data/seed/cities.ts';
import { endSignal, stopAtEnd } from '../../dev/stack/ending.ts';
import { runCampaign, type Campaign } from './campaign.ts';
import { judge } from './judge.ts';
import type { Breach } from './breach.ts';
import { figuresOf } from './figures.ts';
import { writeJson } from './files.ts';
import { buildGoTool } from './goTool.ts';
import { MUTANTS } from './mutants.ts';
import { DRAWN, faultText, type FaultKind } from './schedule.ts';

const setting = (name: string, otherwise: string): string => {
  const given = process.env[name];
  return given === undefined || given === '' ? otherwise : given;
};
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const seed = setting('SEED', String(randomInt(1_000_000)));
const minutes = Number(setting('MINUTES', '5'));
const city = setting('CITY', 'helsinki');
const postsPerSecond = Number(setting('RATE', '2'));
const ackSeconds = Number(setting('ACK_SECONDS', '6'));
// the first fault comes after four seconds
if (!(minutes >= 0.1 && minutes <= 24 * 60)) throw new Error('MINUTES: at least 0.1, at most 1440');
if (!(ackSeconds >= 1)) throw new Error('ACK_SECONDS: after which an offer lapses, at least 1');
if (!(postsPerSecond > 0)) throw new Error('RATE: posts a second, more than 0');
if (!Object.hasOwn(CITIES, city)) throw new Error(`CITY: there are ${Object.keys(CITIES).join(', ')}, not "${city}"`);

const kinds = kindsOf(setting('KINDS', DRAWN.join()));

function kindsOf(text: string): FaultKind[] {
  return text.split(',').map((name) => {
    const kind = DRAWN.find((each) => each === name.trim());
    if (kind === undefined) throw new Error(`KINDS: no fault "${name}"; there are ${DRAWN.join(', ')}`);
    return kind;
  });
}

const commit = execFileSync('git', ['describe', '--always', '--dirty', '--abbrev=12'], { encoding: 'utf8' }).trim();
const dir = mkdtempSync(join(tmpdir(), 'faults-'));
const keep = setting('KEEP', '') !== '';
// Interrupted it says nothing: there is no verdict to keep evidence for.
if (!keep) stopAtEnd(() => rmSync(dir, { recursive: true, force: true }));
say(
  `seed ${seed}, commit ${commit}, ${city}, ${String(minutes)} min, ${String(postsPerSecond)} posts/s, evidence in ${dir}`,
);
const checker = buildGoTool('porcupine');
if ('because' in checker) say(`LINEARIZABILITY WILL NOT BE CHECKED: ${checker.because}`);

const planted = setting('MUTANT', '');
const mutant = MUTANTS[planted];
if (planted !== '' && mutant === undefined)
  throw new Error(`no mutant ${planted}; there are ${Object.keys(MUTANTS).join(', ')}`);
if (mutant !== undefined) say(`MUTANT ${planted}: ${mutant.what}; the verdict must be BROKEN`);
const durationMs = minutes * 60_000;
const directed = mutant?.schedule === undefined ? {} : { schedule: mutant.schedule };
const bug = mutant === undefined ? {} : { mutant, ...directed };
const ack = mutant?.ackSeconds === undefined ? { ackSeconds } : {};
const campaign = await runCampaign({ seed, durationMs, city, postsPerSecond, dir, say, kinds, ...ack, ...bug });
const { breaches, linearity, isLinearityChecked } = judge(campaign, dir);
// Judging holds up everything: whoever was told to end meanwhile says no verdict.
await new Promise((resolve) => setImmediate(resolve));
endSignal().throwIfAborted();
say(linearity);
report(campaign, breaches);
// Without the checker a good end is not a whole one: it is said twice, and the evidence stays.
if (breaches.length === 0 && isLinearityChecked && !keep) rmSync(dir, { recursive: true, force: true });
process.exit(breaches.length === 0 && isLinearityChecked ? 0 : 1);

function report(campaign: Campaign, breaches: readonly Breach[]): void {
  const { evidence, injected } = campaign;
  say('');
  for (const { fault, failure, worstMs } of figuresOf(campaign).faults) {
    const trouble = failure === '' ? '' : `  (not done: ${failure})`;
    say(`${faultText(fault).padEnd(60)} worst answer ${(worstMs / 1000).toFixed(1).padStart(5)} s${trouble}`);
  }
  say('');
  for (const line of figuresOf(campaign).lines) say(line);
  writeJson(join(dir, 'evidence.json'), { seed, commit, injected, breaches, ...evidence });
  const first = breaches[0];
  if (first === undefined) {
    const undone = injected.filter(({ failure }) => failure !== '').length;
    const but = [
      ...(undone === 0 ? [] : [`${String(undone)} of ${String(injected.length)} faults could not be done (above)`]),
      ...(isLinearityChecked ? [] : ['LINEARIZABILITY WAS NOT CHECKED']),
    ];
    say(`verdict: all laws held${but.length === 0 ? '' : `; but ${but.join(', and ')}`}`);
    return;
  }
  const counts = Map.groupBy(breaches, (breach) => breach.law);
  for (const [law, own] of counts) say(`BROKEN ${String(own.length)} times: ${law}`);
  say(`the first: ${first.law}: ${first.what}`);
  say(JSON.stringify(first.evidence.slice(0, 6), null, 1));
  say(`verdict: BROKEN. Evidence: ${dir}/evidence.json, history.jsonl, logs/, redis/; again: ${again()}`);
}

function again(): string {
  const others = [
    ...(city === 'helsinki' ? [] : [`CITY=${city}`]),
    ...(postsPerSecond === 2 ? [] : [`RATE=${String(postsPerSecond)}`]),
    ...(ackSeconds === 6 ? [] : [`ACK_SECONDS=${String(ackSeconds)}`]),
    ...(kinds.length === DRAWN.length ? [] : [`KINDS=${kinds.join()}`]),
    ...(planted === '' ? [] : [`MUTANT=${planted}`]),
  ];
  return ['make faults', `SEED=${seed}`, `MINUTES=${String(minutes)}`, ...others].join(' ');
}

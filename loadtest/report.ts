/** One table of what was measured, one of ratios, one of costs; and the same as a file. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Results } from './benchResults.ts';
import { goalsOf } from './goals.ts';
import type { Journeys, Percentiles } from './journeys.ts';
import type { Matched } from './matchQuality.ts';
import type { Measured } from './measure.ts';
import { findTools } from '../dev/stack/tools.ts';

type Row = readonly string[];

export function printResults(results: Results): void {
  const { measured } = results;
  print('measured', [
    [
      '',
      'load',
      '/s',
      'p50',
      'p95',
      'p99',
      'max ms',
      'dropped',
      'late',
      'other',
      'offers',
      'batch api',
      'turn',
      'left',
      'caught up',
      'lost',
    ],
    ...measured.map(rowOf),
  ]);
  print('P2 for people: each post is pushed, and accepted at once', journeyRows(results.journeys));
  print('P5 match quality, evenings of Helsinki', matchRows(results.matching));
  print('goals (what bounds those that are missed: docs/adr/0006-what-a-turn-costs.md)', goalRows(results));
  print('ratios (both sides of this run)', ratiosOf(results));
  print('CPU-seconds per 1,000', costRows(measured));
  print('memory, MB at most', memoryRows(measured));
  console.log(`\n${(results.bytesPerPost / 1024).toFixed(1)} KiB of tables and indexes a post`);
}

function goalRows(results: Results): Row[] {
  const rows = goalsOf(results).map(({ what, wanted, measured, isMet }) => [
    what,
    wanted,
    measured,
    isMet ? 'yes' : 'NO',
  ]);
  return [['', 'wanted', 'measured', 'met'], ...rows];
}

/** At least this share of a scenario's posts must hold an offer. */
const MIN_OFFERED = 0.9;

/** What may not be on any machine. */
export function brokenPromises({ measured }: Results): string[] {
  return measured.flatMap(({ name, statuses, rowsLessAnswers, offeredShare }) => [
    ...(rowsLessAnswers < 0 ? [`${name}: ${String(-rowsLessAnswers)} acknowledged posts are not there`] : []),
    ...(hasPosts(statuses) ? [] : [`${name}: no post was answered well`]),
    ...(offeredShare < MIN_OFFERED ? [`${name}: only ${percent(offeredShare)} of the posts hold an offer`] : []),
  ]);
}

function hasPosts(statuses: Readonly<Record<string, number>>): boolean {
  return Object.entries(statuses).some(([status, count]) => status.startsWith('2') && count > 0);
}

function journeyRows({ rate, posted, pushed, accepted, ...times }: Journeys): Row[] {
  const row = (name: string, count: number, percentiles: Percentiles): Row => [
    name,
    String(count),
    ...percentiles.map((ms) => ms.toFixed(0)),
  ];
  return [
    [`${String(rate)} posts/s`, 'count', 'p50', 'p95', 'p99 ms'],
    row('post', posted, times.post),
    row('post → push', pushed, times.push),
    row('accept', accepted, times.accept),
  ];
}

function matchRows(matching: readonly Matched[]): Row[] {
  return [
    ['', 'kg', 'of optimum', 'km/kg', 'claim p50 min', 'expired kg', 'Gini'],
    ...matching.map((each) => [
      each.policy,
      each.rescuedKg.toFixed(0),
      percent(each.ofOptimum),
      each.kmPerKg.toFixed(3),
      each.claimMinutesP50.toFixed(1),
      each.expiredKg.toFixed(1),
      each.gini.toFixed(3),
    ]),
  ];
}

function rowOf(each: Measured): Row {
  const other = Object.entries(each.statuses).flatMap(([status, n]) =>
    status.startsWith('2') ? [] : [`${status}: ${String(n)}`],
  );
  const caughtUp = each.caughtUpSeconds === null ? 'no' : `${each.caughtUpSeconds.toFixed(1)} s`;
  const times = [each.p50Ms, each.p95Ms, each.p99Ms, each.maxMs].map((ms) => ms.toFixed(0));
  const counts = [String(each.dropped), String(each.timedOut), other.join(' ') || '0', percent(each.offeredShare)];
  const batches = [each.batchOfApi, each.batchOfTurn].map((size) => (Number.isNaN(size) ? '' : size.toFixed(1)));
  const lost = String(Math.max(0, -each.rowsLessAnswers));
  return [
    each.name,
    each.load,
    each.perSecond.toFixed(0),
    ...times,
    ...counts,
    ...batches,
    String(each.unpublishedAtEnd),
    caughtUp,
    lost,
  ];
}

function percent(share: number): string {
  return Number.isNaN(share) ? '' : `${(share * 100).toFixed(1)} %`;
}

function ratiosOf({ measured, pgbench, relay }: Results): Row[] {
  const ours = measured.find(({ name }) => name === 'P1 saturation')?.perSecond ?? Number.NaN;
  const against = (name: string, perSecond: number): Row => [name, perSecond.toFixed(0), (ours / perSecond).toFixed(2)];
  const compared = measured.filter(({ name }) => name.startsWith('baseline') || name.startsWith('empty'));
  return [
    ['against', '/s', 'ours ÷ it'],
    ['ours (P1 saturation)', ours.toFixed(0), '1'],
    against(`pgbench, the same rows, ${String(pgbench.clients)} clients`, pgbench.perSecond),
    ...compared.map(({ name, perSecond }) => against(name, perSecond)),
    ...(relay === null
      ? []
      : [
          [`P6 relay alone, ${String(relay.events)} events`, relay.perSecond.toFixed(0), ''],
          ['P6 notifier alone, the same events', relay.notifiedPerSecond.toFixed(0), ''],
        ]),
  ];
}

function costRows(measured: readonly Measured[]): Row[] {
  const columns = measured.filter(({ name }) => !name.startsWith('P6'));
  const names = [...new Set(columns.flatMap(({ cpuPer1000 }) => Object.keys(cpuPer1000)))];
  const cell = (seconds: number | undefined): string => (seconds === undefined ? '' : seconds.toFixed(3));
  const total = (each: Measured): string =>
    cell(Object.values(each.cpuPer1000).reduce((sum, seconds) => sum + seconds, 0));
  return [
    ['', ...columns.map(({ name }) => name)],
    ...names.map((name) => [name, ...columns.map(({ cpuPer1000 }) => cell(cpuPer1000[name]))]),
    ['all of it', ...columns.map(total)],
    ['generator', ...columns.map((each) => cell((each.generatorCpuSeconds / each.sent) * 1000))],
    ["others' share of the box", ...columns.map(({ othersShare }) => percent(othersShare))],
  ];
}

function memoryRows(measured: readonly Measured[]): Row[] {
  const names = ['api', 'actor-host', 'relay', 'worker', 'api.daprd', 'actor-host.daprd', 'redis', 'nats'];
  const megabytes = (each: Measured, name: string): string => (each.peakRssMegabytes[name] ?? 0).toFixed(0);
  return [
    ['', ...measured.map(({ name }) => name)],
    ...names.map((name) => [name, ...measured.map((each) => megabytes(each, name))]),
  ];
}

function print(title: string, rows: readonly Row[]): void {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: Row): string =>
    row
      .map((text, column) => (column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0)))
      .join('  ');
  console.log(`\n${title}\n${rows.map(line).join('\n')}`);
}

/** @returns the file */
export function writeResults(results: Results, folder: string): string {
  const dir = join(import.meta.dirname, folder);
  mkdirSync(dir, { recursive: true });
  const file = join(dir, `${results.startedAt.slice(0, 16).replace(':', '')}.json`);
  writeFileSync(
    file,
    `${JSON.stringify({ machine: machine(), versions: versions(), goals: goalsOf(results), ...results }, null, 1)}\n`,
  );
  return file;
}

function machine() {
  const [first] = cpus();
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  return { cores: cpus().length, model: first?.model, gigabytes, kernel: release(), loadAverage: loadavg() };
}

function said(command: string, ...words: string[]): string {
  return execFileSync(command, words, { encoding: 'utf8', cwd: import.meta.dirname }).trim();
}

export function commit(): string {
  try {
    return `${said('git', 'rev-parse', 'HEAD')}${said('git', 'status', '--porcelain', '--untracked-files=no') === '' ? '' : ' with changes'}`;
  } catch {
    return 'not a git checkout';
  }
}

function versions() {
  const { postgresBin, redisServer, natsServer, daprBin } = findTools();
  return {
    node: process.version,
    postgres: said(join(postgresBin, 'postgres'), '--version'),
    redis: said(redisServer, '--version').split(' ').slice(0, 3).join(' '),
    nats: said(natsServer, '--version'),
    dapr: /dapr-([\d.]+)/.exec(daprBin)?.[1] ?? said(join(daprBin, 'daprd'), '--version'),
  };
}

/** The tables of docs/scale.md, and where they go. */
import type { Results } from '../benchResults.ts';
import { sizesOf, type Cost, type Plan, type Point, type Sizes } from './model.ts';

const [BEGIN, END] = [/<!-- from (\S+) -->/, '<!-- end -->'];

/** Scenarios of our own service, at whatever batches they had. */
export function pointsOf({ measured }: Pick<Results, 'measured'>): Point[] {
  return measured
    .filter(({ name, batchOfTurn }) => /^P[1-4] /.test(name) && batchOfTurn > 0)
    .map(({ batchOfTurn, cpuPer1000 }) => ({ postsPerTurn: batchOfTurn, cpuPer1000 }));
}

/** @throws Error when the page names none */
export function resultNamedIn(page: string): string {
  const named = BEGIN.exec(page)?.[1];
  if (named === undefined) throw new Error('docs/scale.md does not say from which result it is: RESULT=…');
  return named;
}

/** A day's posts: their mean, an evening's peak, and the burst when a market closes. Cells: where people cook. */
const DAYS = [
  { name: '10 million posts a day', cells: 5_000, mean: 115, peak: 2_000, burst: 5_000, perDay: 10e6 },
  { name: 'a hundred times that', cells: 50_000, mean: 11_500, peak: 200_000, burst: 500_000, perDay: 1e9 },
] as const;
const ASSUMED: Omit<Plan, 'postsPerSecond' | 'cells'> = {
  laterCommands: 2.4,
  turnSeconds: 0.05,
  utilisation: 0.6,
  postgresCores: 16,
};
/** What costs less than this in both is no row of its own. */
const SHOWN_MS = 0.01;
/** Rows of a lot's whole life, by what a post alone leaves; kept in PostgreSQL before they go to the archive. */
const KEPT_DAYS = 90;
const LIFE_FACTOR = 2;
/** List prices differ and fall; these are round numbers to see what weighs, in dollars a month. */
const [PER_CORE, PER_TERABYTE] = [30, 100];

export function pageWith(page: string, result: string, results: Results, costs: ReadonlyMap<string, Cost>): string {
  const [before = ''] = page.split(BEGIN);
  const after = page.slice(page.indexOf(END));
  const tables = [costTable(costs), ...DAYS.map((day) => dayTable(day, results, costs))].join('\n\n');
  return `${before}<!-- from ${result} -->\n\n${tables}\n\n${after}`;
}

function costTable(costs: ReadonlyMap<string, Cost>): string {
  const shown = [...costs].filter(([, { perPost, perTurn }]) => perPost + perTurn >= SHOWN_MS);
  const sum = (of: (cost: Cost) => number): number => shown.reduce((total, [, cost]) => total + of(cost), 0);
  const rows: (readonly [string, Cost])[] = [
    ...shown,
    ['all of it', { perPost: sum(({ perPost }) => perPost), perTurn: sum(({ perTurn }) => perTurn) }],
  ];
  return table(
    ['CPU, ms', 'a post', 'a turn'],
    rows.map(([name, { perPost, perTurn }]) => [name, perPost.toFixed(2), perTurn.toFixed(2)]),
  );
}

function dayTable(day: (typeof DAYS)[number], results: Results, costs: ReadonlyMap<string, Cost>): string {
  const loads = [day.mean, day.peak, day.burst].map(
    (postsPerSecond) => [postsPerSecond, sizesOf({ ...ASSUMED, cells: day.cells, postsPerSecond }, costs)] as const,
  );
  const row = (name: string, of: (sizes: Sizes) => string): string[] => [name, ...loads.map(([, sizes]) => of(sizes))];
  const whole = (value: number): string => Math.ceil(value).toLocaleString('en');
  const gigabytes = (results.bytesPerPost * LIFE_FACTOR * day.perDay) / 1e9;
  const peak = loads[1]?.[1].cores ?? 0;
  const dollars = (peak / ASSUMED.utilisation) * PER_CORE + ((gigabytes * KEPT_DAYS) / 1000) * PER_TERABYTE;
  return [
    `**${day.name}**, from ${day.cells.toLocaleString('en')} cells`,
    '',
    table(
      ['posts a second', ...loads.map(([postsPerSecond]) => postsPerSecond.toLocaleString('en'))],
      [
        row('commands a turn', ({ postsPerTurn }) => postsPerTurn.toFixed(1)),
        row('CPU a command, ms', ({ msPerPost }) => msPerPost.toFixed(1)),
        row('cores busy', ({ cores }) => whole(cores)),
        ...(['api', 'actor-host', 'relay', 'worker'] as const).map((kind) =>
          row(`${kind} pods`, ({ pods }) => whole(pods[kind])),
        ),
        row(`PostgreSQL servers of ${String(ASSUMED.postgresCores)} cores`, (sizes) => whole(sizes.postgresServers)),
        row('Redis servers', ({ redisServers }) => whole(redisServers)),
        row('NATS cores', ({ natsCores }) => whole(natsCores)),
        row('turns a second', ({ statementsPerSecond }) => whole(statementsPerSecond)),
      ],
    ),
    '',
    `Rows: ${gigabytes.toFixed(0)} GB a day, ${((gigabytes * KEPT_DAYS) / 1000).toFixed(0)} TB in ${String(KEPT_DAYS)} days. ` +
      `Sized for the peak about ${whole(dollars / 1000)},000 dollars a month (${String(PER_CORE)} a core, ${String(PER_TERABYTE)} a TB).`,
  ].join('\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, n) => (n === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

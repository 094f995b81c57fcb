/** `make run`: the whole stack in the foreground. Ctrl-C stops it in order, a second Ctrl-C at once. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import portsOfThisMachine from '../ports.json' with { type: 'json' };
import { prometheusUrl } from './infrastructure/prometheus.ts';
import { canListen } from './ports.ts';
import { RUN_DIR } from './runDir.ts';
import { type Stack, startStack } from './stack.ts';
import { endOrphans, runningSupervisor } from './state.ts';
import { CHECKOUT } from './tools.ts';

const startedAtMs = Date.now();
const log = (line: string): void => {
  console.log(`${((Date.now() - startedAtMs) / 1_000).toFixed(1).padStart(7)} s  ${line}`);
};

/** PORTS=free lets a second checkout run beside the first. */
const fixedPorts: Record<string, number> = process.env['PORTS'] === 'free' ? {} : portsOfThisMachine;

async function refuseBusyPorts(): Promise<void> {
  const busy: string[] = [];
  for (const [name, port] of Object.entries(fixedPorts)) {
    if (!(await canListen(port))) busy.push(`${name} ${String(port)}`);
  }
  if (busy.length === 0) return;
  throw new Error(
    `Something else listens on our ports: ${busy.join(', ')}.\n` +
      `Is it another checkout's stack? Stop it, start this one with PORTS=free, or change dev/ports.json.`,
  );
}

/** `actor-host=2,api=2` */
function countsFrom(words = ''): Record<string, number> {
  const pairs = words.split(',').filter((word) => word !== '');
  return Object.fromEntries(pairs.map((pair) => [pair.split('=')[0] ?? '', Number(pair.split('=')[1])]));
}

/** Once per data folder, unless CITY asks for another city. */
async function seedOnce(stack: Stack): Promise<void> {
  const marker = join(RUN_DIR, 'seeded');
  const seeded = existsSync(marker) ? readFileSync(marker, 'utf8') : undefined;
  const city = process.env['CITY'] ?? seeded ?? 'helsinki';
  if (city === seeded) return;
  log(`seeding ${city} …`);
  const script = join(CHECKOUT, 'data', 'seed.ts');
  const seed = spawn(process.execPath, [script, '--city', city], {
    stdio: 'inherit',
    env: { ...process.env, ...stack.env },
  });
  await once(seed, 'exit');
  if (seed.exitCode !== 0) throw new Error(`Seeding ${city} failed. Try again: make seed CITY=${city}`);
  writeFileSync(marker, city);
}

/** TRACES=1: Jaeger too, built when it is asked for the first time. */
function jaegerIfAsked(): string | undefined {
  if (process.env['TRACES'] !== '1') return undefined;
  const build = join(CHECKOUT, 'dev', 'jaeger', 'build');
  return execFileSync(build, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
}

/** A Jaeger built from its Go module has no screens, only the API behind them. */
function tracesRow(stack: Stack): [string, string][] {
  const { jaeger } = stack.ports;
  const url = `http://127.0.0.1:${String(jaeger)}/api/traces`;
  return jaeger === undefined || stack.env['OTEL_EXPORTER_OTLP_ENDPOINT'] === undefined
    ? []
    : [['traces', `${url}?service=api   ·   ${url}/<trace id>   (Jaeger's API; its screens are not in a Go build)`]];
}

/** Whoever opens it first is an operator from then on. */
function operatorLink(stack: Stack): string {
  const script = join(CHECKOUT, 'services/api/firstOperator.ts');
  return execFileSync(process.execPath, [script], { env: { ...process.env, ...stack.env }, encoding: 'utf8' }).trim();
}

function printTable(stack: Stack): void {
  const api = stack.env['API_URL'] ?? '';
  const rows: readonly (readonly [string, string])[] = [
    ['sign in', `${operatorLink(stack)}   (once, as an operator)`],
    ['API', api],
    ['its documentation', `${api}/docs`],
    ['its map', stack.env['MAP_TILES_FILE'] || 'a plain one: MAP_TILES_FILE is empty'],
    ['a token', 'make -s token ROLE=operator   ·   ROLE=donor ORG=<id>   ·   ROLE=recipient ORG=<id>'],
    ['an evening', 'make simulate'],
    ...tracesRow(stack),
    ['what runs', 'make status'],
    ...(stack.ports['prometheus'] === undefined
      ? []
      : [['alerts', `${prometheusUrl(stack.ports['prometheus'])}/alerts`] as const]),
    ['logs', join(RUN_DIR, 'logs')],
    ['stop', 'Ctrl-C, or make stop   ·   make reset deletes the data too'],
  ];
  console.log(`\n${rows.map(([what, where]) => `  ${what.padEnd(18)} ${where}`).join('\n')}\n`);
}

const stopping = new AbortController();
let stack: Stack | undefined;
let signals = 0;
function onSignal(): void {
  signals += 1;
  if (signals === 1) {
    console.log('');
    log('stopping; once more to kill');
    stopping.abort(new Error('Stopped while starting.'));
    return;
  }
  stack?.killAll();
  // Nobody left to stop them in order: the kernel kills the rest as we go.
  process.exit(130);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);

try {
  const other = runningSupervisor(RUN_DIR);
  if (other !== undefined)
    throw new Error(`The stack already runs (process ${String(other)}). See it: make status. Stop it: make stop`);
  for (const name of await endOrphans(RUN_DIR)) log(`${name} was left behind by a killed supervisor: ended`);
  await refuseBusyPorts();
  stack = await startStack({
    dir: RUN_DIR,
    ports: fixedPorts,
    processes: countsFrom(process.env['PROCESSES']),
    jaeger: jaegerIfAsked(),
    metrics: process.env['METRICS'] === '1',
    log,
    signal: stopping.signal,
  });
  await seedOnce(stack);
  printTable(stack);
  log('ready');
  if (!stopping.signal.aborted) await once(stopping.signal, 'abort');
} catch (error) {
  process.exitCode = 1;
  console.error(`\n${error instanceof Error ? error.message : String(error)}`);
}
await stack?.stop();
log('stopped');
process.exit();

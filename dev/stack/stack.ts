import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type App, appSpecs, byThisNode, type CommandOf, instanceNames, OUR_APPS } from './apps.ts';
import { placementSpec, schedulerSpec, type ViaOf } from './infrastructure/dapr.ts';
import { jaegerSpec, jaegerUrl } from './infrastructure/jaeger.ts';
import { natsSpec } from './infrastructure/nats.ts';
import { DATABASE, postgresSpec } from './infrastructure/postgres.ts';
import { answersHttp } from './infrastructure/probes.ts';
import { prometheusSpec, type ScrapeTarget } from './infrastructure/prometheus.ts';
import { redisSpec } from './infrastructure/redis.ts';
import { valhallaSpec } from './infrastructure/valhalla.ts';
import { startInOrder, stopInOrder } from './order.ts';
import { type PortOf, portsFrom } from './ports.ts';
import { postgresIn } from './postgresIn.ts';
import { secretsIn } from './secrets.ts';
import { stackEnv } from './stackEnv.ts';
import { endOrphans, runningSupervisor, writeState } from './state.ts';
import type { ProcessSpec, ProcessStatus } from './supervise/processSpec.ts';
import { succeeds, Supervised } from './supervise/supervise.ts';
import { findTools } from './tools.ts';

export interface StackOptions {
  /** Everything it writes is in here: data, logs, secrets, state. */
  dir: string;
  /** Fixed ports by name (dev/ports.json); every other is a free one. */
  ports?: Record<string, number>;
  /** How many of a kind, where not one: `{ 'actor-host': 2, valhalla: 0 }`. */
  processes?: Record<string, number>;
  /** Over what our processes are told anyway. */
  env?: Record<string, string>;
  /** What one process of ours, or PostgreSQL, is told over that, by its name: `api-2`. */
  envOf?: (name: string) => Record<string, string>;
  /** By which port a sidecar reaches its process, or placement, where not straight. */
  viaOf?: ViaOf;
  apps?: readonly App[];
  /** How our processes are started, where not from this checkout. */
  commandOf?: CommandOf;
  /** Jaeger's program (dev/jaeger/build): it runs too, and gets every trace unless the shell says which share. */
  jaeger?: string | undefined;
  /** With Prometheus beside it, and the alerts of production. */
  metrics?: boolean;
  log?: (line: string) => void;
  /** Aborted while it starts: what has started is stopped, and startStack throws. */
  signal?: AbortSignal;
}

export interface StackProcess {
  readonly pid: number | undefined;
  readonly restarts: number;
  kill(signal: NodeJS.Signals): void;
  /** Stops it and starts it again; resolves when it is ready. */
  restart(): Promise<void>;
  /** Resolves when it answers its readiness probe. */
  ready(withinMs?: number): Promise<void>;
  /** Down until `start`: no supervisor brings it back. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

export interface Stack {
  ports: Record<string, number>;
  /** What every process of ours was told, APP_PORT and DAPR_HTTP_PORT aside. */
  env: Record<string, string>;
  process(name: string): StackProcess;
  status(): ProcessStatus[];
  /** Stops all, in the reverse order. */
  stop(): Promise<void>;
  /** SIGKILL to all, at once. */
  killAll(): void;
}

/**
 * Starts PostgreSQL, Redis, NATS, Dapr, Valhalla and our processes, each when those before it are ready, and keeps them running.
 * @throws Error naming who did not start, with the end of its log; then nothing of it runs any more
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { dir, log = () => undefined } = options;
  mkdirSync(join(dir, 'logs'), { recursive: true });
  const other = runningSupervisor(dir);
  if (other !== undefined)
    throw new Error(`A stack already runs on ${dir} (process ${String(other)}). Stop it first: make stop`);
  for (const name of await endOrphans(dir)) log(`${name} was left behind by a killed supervisor: ended`);

  const ports: Record<string, number> = {};
  const { specs, env } = await describe(options, portsFrom(options.ports ?? {}, ports));
  // for the runbooks' words, on whatever ports this stack is
  writeFileSync(join(dir, 'ports.json'), JSON.stringify(ports, null, 1));
  const running = superviseAll(specs, dir, log);
  const stack = stackOf(running, specs, ports, env);
  try {
    options.signal?.addEventListener('abort', () => void stack.stop());
    await startInOrder(specs, async (name) => {
      options.signal?.throwIfAborted();
      await find(running, name).start();
      options.signal?.throwIfAborted();
      log(`${name} is ready`);
    });
    await allReady(specs, options.apps ?? OUR_APPS, ports, log, options.signal);
  } catch (error) {
    await stack.stop();
    throw error;
  }
  return stack;
}

/** What runs, and what it is told. */
async function describe(
  options: StackOptions,
  portOf: PortOf,
): Promise<{ specs: ProcessSpec[]; env: Record<string, string> }> {
  const { dir, apps = OUR_APPS, commandOf = byThisNode } = options;
  const tools = findTools();
  const secrets = secretsIn(dir);
  const countOf = (kind: string): number => options.processes?.[kind] ?? 1;
  const postgres = postgresIn(dir, await portOf('postgres'), secrets);
  const env = {
    ...(await stackEnv({ dir, portOf, secrets, postgres, withValhalla: countOf('valhalla') > 0 })),
    ...(options.jaeger === undefined ? {} : await toJaeger(portOf)),
    ...options.env,
  };
  // For seed, simulate, token, dlq: they run outside the stack and are told what its processes are told.
  writeFileSync(join(dir, 'env.json'), JSON.stringify(env, null, 2), { mode: 0o600 });
  const tokens = { api: secrets.daprApiToken, app: secrets.appApiToken };
  const via = options.viaOf === undefined ? {} : { viaOf: options.viaOf };
  const dapr = { bin: tools.daprBin, dir, portOf, tokens, ...via };
  const [port, monitorPort] = [await portOf('nats'), await portOf('nats.monitor')];
  const valhalla = { home: tools.valhallaHome, dir: join(dir, 'valhalla'), port: await portOf('valhalla') };
  const { envOf = () => ({}) } = options;
  const database = postgresSpec(postgres, DATABASE);
  const infrastructure = [
    { ...database, env: { ...database.env, ...envOf('postgres') } },
    redisSpec({ command: tools.redisServer, dir: join(dir, 'redis'), port: await portOf('redis'), durable: true }),
    natsSpec({ command: tools.natsServer, dir: join(dir, 'nats'), port, monitorPort }),
    await placementSpec(dapr),
    await schedulerSpec(dapr),
    valhallaSpec(valhalla),
    ...(options.jaeger === undefined ? [] : [await jaegerSpec({ command: options.jaeger, portOf })]),
    migrateSpec(commandOf, env),
    ...(options.metrics === true ? [await watcherSpec(options, portOf)] : []),
  ].filter(({ name }) => countOf(name) > 0);
  return { specs: [...infrastructure, ...(await appSpecs({ ...dapr, apps, countOf, env, envOf, commandOf }))], env };
}

async function toJaeger(portOf: PortOf): Promise<Record<string, string>> {
  return {
    OTEL_EXPORTER_OTLP_ENDPOINT: jaegerUrl(await portOf('jaeger.otlp')),
    OTEL_TRACES_SAMPLER_ARG: process.env['OTEL_TRACES_SAMPLER_ARG'] ?? '1',
  };
}

/** Prometheus on every process of ours that has something to tell. */
async function watcherSpec({ dir, apps = OUR_APPS, processes }: StackOptions, portOf: PortOf): Promise<ProcessSpec> {
  const targets: ScrapeTarget[] = [];
  for (const { kind, silent } of apps) {
    if (silent === true) continue;
    for (const instance of instanceNames(kind, processes?.[kind] ?? 1)) {
      targets.push({ job: kind, instance, port: await portOf(instance) });
    }
  }
  const { prometheus: command } = findTools();
  return prometheusSpec({ command, dir: join(dir, 'prometheus'), port: await portOf('prometheus'), targets });
}

function migrateSpec(commandOf: CommandOf, env: Record<string, string>): ProcessSpec {
  const command = commandOf('services/adapters/postgres/migrate.ts');
  return { name: 'migrate', command, env, after: ['postgres'], readyWithinMs: 120_000 };
}

function superviseAll(
  specs: readonly ProcessSpec[],
  dir: string,
  log: (line: string) => void,
): Map<string, Supervised> {
  const running = new Map<string, Supervised>();
  const changed = (): void => {
    try {
      writeState(
        dir,
        [...running.values()].map((each) => each.status()),
      );
    } catch (error) {
      // A full disk is no reason to let what it supervises fall: `make status` is behind until the next change.
      log(`state was not written: ${String(error)}`);
    }
  };
  for (const spec of specs) {
    running.set(spec.name, new Supervised(spec, { logPath: join(dir, 'logs', `${spec.name}.log`), say: log, changed }));
  }
  return running;
}

function find(running: Map<string, Supervised>, name: string): Supervised {
  const found = running.get(name);
  if (!found) throw new Error(`No process ${name} here; there are ${[...running.keys()].join(', ')}.`);
  return found;
}

function stackOf(
  running: Map<string, Supervised>,
  specs: readonly ProcessSpec[],
  ports: Record<string, number>,
  env: Record<string, string>,
): Stack {
  return {
    ports,
    env,
    process: (name) => handle(find(running, name)),
    status: () => [...running.values()].map((each) => each.status()),
    stop: () => stopInOrder(specs, (name) => find(running, name).stop()),
    killAll: () => {
      for (const each of running.values()) each.kill('SIGKILL');
    },
  };
}

function handle(supervised: Supervised): StackProcess {
  return {
    get pid() {
      return supervised.status().pid;
    },
    get restarts() {
      return supervised.status().restarts;
    },
    kill: (signal) => {
      supervised.kill(signal);
    },
    restart: async () => {
      await supervised.stop();
      await supervised.start();
    },
    ready: (withinMs) => supervised.ready(withinMs),
    stop: () => supervised.stop(),
    start: () => supervised.start(),
  };
}

const ABLE_WITHIN_MS = 20_000;

/** Alive is not able: our processes say at /readyz when they reach what they need, and a cell its host. */
async function allReady(
  specs: readonly ProcessSpec[],
  apps: readonly App[],
  ports: Record<string, number>,
  log: (line: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  const names = apps
    .flatMap(({ kind }) => instanceNames(kind, 100))
    .filter((name) => specs.some((spec) => spec.name === name));
  const deadlineMs = Date.now() + ABLE_WITHIN_MS;
  await Promise.all(
    names.map(async (name) => {
      const url = `http://127.0.0.1:${String(ports[name])}/readyz`;
      while (!(await succeeds(() => answersHttp(url)))) {
        signal?.throwIfAborted();
        if (Date.now() > deadlineMs) return log(`${name} runs, but ${url} says it cannot do its work yet`);
        await sleep(100);
      }
    }),
  );
}

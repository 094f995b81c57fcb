import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DaprOptions } from './infrastructure/dapr.ts';
import { sidecarSpec } from './infrastructure/dapr.ts';
import { answersHttp } from './infrastructure/probes.ts';
import type { ProcessSpec } from './supervise/processSpec.ts';
import { COMPILED } from './compiledModules.ts';
import { CHECKOUT } from './tools.ts';

/** One of our own processes: serves /healthz on APP_PORT, and /readyz once it can do its work. */
export interface App {
  kind: string;
  /** From the checkout's root, or absolute. */
  main: string;
  /** With a daprd beside it, known by its kind. */
  daprd: boolean;
  /** Kinds, or infrastructure, that come first. */
  after: readonly string[];
  /** Tells no Prometheus how it is. */
  silent?: boolean;
  /** Nobody waits for it: while the processors are busy it stands back, as by the chart's requests of them. */
  background?: boolean;
}

export const OUR_APPS: readonly App[] = [
  { kind: 'issuer', main: 'dev/issuer/main.ts', daprd: false, after: [], silent: true },
  {
    kind: 'actor-host',
    main: 'services/actor-host/main.ts',
    daprd: true,
    after: ['migrate', 'redis', 'nats', 'valhalla'],
  },
  { kind: 'relay', main: 'services/relay/main.ts', daprd: false, after: ['migrate', 'nats'], background: true },
  {
    kind: 'worker',
    main: 'services/worker/main.ts',
    daprd: true,
    after: ['migrate', 'redis', 'nats', 'actor-host'],
    background: true,
  },
  // last, so that whoever it answers finds the rest at work
  { kind: 'api', main: 'services/api/main.ts', daprd: true, after: ['issuer', 'actor-host', 'relay', 'worker'] },
];

/** `api`, `api-2`, `api-3`: the first has the plain name. */
export function instanceNames(kind: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => (index === 0 ? kind : `${kind}-${String(index + 1)}`));
}

/** The words that start a main file, which is named from the checkout's root or absolute. */
export type CommandOf = (main: string) => [string, ...string[]];

/**
 * With all of this machine's memory Node.js hardly tidies up: half a gigabyte under a bench. So bounded it stays below 300 MB at 5,000
 * posts a second, and tidies up seldom enough that nobody waits for it (ADR 0006).
 */
const HEAP = ['--max-old-space-size=1024', '--max-semi-space-size=16'];

/** glibc hands back what was freed, and doesn't keep a heap for each of V8's threads: 13 MB less (ADR 0006). */
const MALLOC = { MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: '131072', MALLOC_MMAP_THRESHOLD_: '131072' };

/** A third of the share of those that people wait for. */
const BACKGROUND = { niceness: 5 };

/** By this very node, from this checkout. @throws Error naming a main file that isn't there */
export function byThisNode(main: string): [string, ...string[]] {
  const path = join(main.startsWith('/') ? '/' : CHECKOUT, main);
  if (!existsSync(path)) throw new Error(`${path} is not there.`);
  return [process.execPath, ...HEAP, path];
}

export interface AppsOptions extends DaprOptions {
  apps: readonly App[];
  countOf: (kind: string) => number;
  env: Record<string, string>;
  /** Over `env`, for one process by its name. */
  envOf: (name: string) => Record<string, string>;
  commandOf: CommandOf;
}

/** Our processes and their sidecars. */
export async function appSpecs(options: AppsOptions): Promise<ProcessSpec[]> {
  const { apps, countOf } = options;
  const withSidecars = (kind: string): string[] => {
    const app = apps.find((each) => each.kind === kind);
    const names = instanceNames(kind, countOf(kind));
    return app?.daprd ? names.flatMap((name) => [name, `${name}.daprd`]) : names;
  };
  const specs = apps.map(async (app) => {
    const after = app.after.flatMap(withSidecars);
    return await Promise.all(
      instanceNames(app.kind, countOf(app.kind)).map((name) => instanceSpecs(options, app, name, after)),
    );
  });
  return (await Promise.all(specs)).flat(2);
}

async function instanceSpecs(options: AppsOptions, app: App, name: string, after: string[]): Promise<ProcessSpec[]> {
  const { portOf } = options;
  const port = await portOf(name);
  const daprPort = app.daprd ? { DAPR_HTTP_PORT: String(await portOf(`${name}.daprd.http`)) } : {};
  const spec: ProcessSpec = {
    name,
    command: options.commandOf(app.main),
    env: { ...COMPILED, ...MALLOC, ...options.env, ...daprPort, ...options.envOf(name), APP_PORT: String(port) },
    after,
    ready: () => answersHttp(`http://127.0.0.1:${String(port)}/healthz`),
    ...(app.background === true ? BACKGROUND : {}),
  };
  return app.daprd ? [spec, await sidecarSpec({ ...options, beside: name, appId: app.kind })] : [spec];
}

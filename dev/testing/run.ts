/**
 * `make test`: starts what tests share, runs `node --test`, stops all, keeps its exit code. Its own summary comes last on stdout.
 * `run.ts [file…]` runs these alone.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { CHECKOUT } from '../stack/tools.ts';
import { startTestServers } from './testServers.ts';

const ROOMS = '{actors,services,proto,web,test,loadtest,dev,data}';
const SLOWEST_TEST_MS = 600_000;
/** It measures how soon answers come back: first, and by itself. */
const ALONE = 'test/faults/campaign.test.ts';

const given = process.argv.slice(2);
const files =
  given.length > 0 ? given : globSync(`${ROOMS}/**/*.test.ts`, { cwd: CHECKOUT, exclude: ['**/node_modules'] }).sort();
const servers = await startTestServers();
const concurrency = Number(process.env['TEST_CONCURRENCY'] ?? availableParallelism());
let running: ChildProcess | undefined;
let stopping = false;
const isStopped = (): boolean => stopping;
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    stopping = true;
    running?.kill(signal);
  });
let worst = 0;
for (const group of [files.filter((file) => file === ALONE), files.filter((file) => file !== ALONE)])
  if (group.length > 0 && !isStopped()) worst = Math.max(worst, await run(group));
await servers.stop();
process.exit(worst);

/** @returns the exit code of `node --test` */
async function run(group: readonly string[]): Promise<number> {
  const tests = spawn(
    process.execPath,
    [
      '--test',
      `--test-concurrency=${String(concurrency)}`,
      `--test-timeout=${String(SLOWEST_TEST_MS)}`,
      '--test-reporter=spec',
      ...group,
    ],
    {
      cwd: CHECKOUT,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: {
        ...process.env,
        TEST_DATABASE_URL: servers.databaseUrl,
        TEST_REDIS_URL: servers.redisUrl,
        TEST_NATS_URL: servers.natsUrl,
      },
    },
  );
  running = tests;
  const [code] = (await once(tests, 'exit')) as [number | null];
  return code ?? 1;
}

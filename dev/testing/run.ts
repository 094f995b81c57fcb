/**
 * `make test`: starts what tests share, runs `node --test`, stops all, keeps its exit code. Its own summary comes last on stdout.
 * `run.ts [file…]` runs these alone.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { CHECKOUT } from '../stack/tools.ts';
import { startTestServers } from './testServers.ts';

const ROOMS = '{actors,services,proto,web,test,loadtest,dev,data}';
const SLOWEST_TEST_MS = 300_000;

const given = process.argv.slice(2);
const files =
  given.length > 0 ? given : globSync(`${ROOMS}/**/*.test.ts`, { cwd: CHECKOUT, exclude: ['**/node_modules'] }).sort();
const servers = await startTestServers();
const concurrency = Number(process.env['TEST_CONCURRENCY'] ?? availableParallelism());
const tests = spawn(
  process.execPath,
  [
    '--test',
    `--test-concurrency=${String(concurrency)}`,
    `--test-timeout=${String(SLOWEST_TEST_MS)}`,
    '--test-reporter=spec',
    ...files,
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
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => tests.kill(signal));
const [code] = (await once(tests, 'exit')) as [number | null];
await servers.stop();
process.exit(code ?? 1);

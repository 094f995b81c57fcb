/** A whole stack of its own, with Helsinki seeded: own ports, own folder, gone afterwards. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { startStack, type Stack } from '../../dev/stack/stack.ts';
import { breadOf, signIn, until, type SurplusSeen, type Where } from './people.ts';

export interface Helsinki extends Where {
  readonly stack: Stack;
  /** its data folder: RUN_DIR for make's words */
  readonly dir: string;
  /** id of a donor in the centre */
  aDonor(): Promise<string>;
  flushRedis(): Promise<void>;
  pause(name: string): void;
  resume(name: string): void;
  /** every process whose death must cost nothing */
  victims(): readonly string[];
  /** kill -9, then wait until the supervisor has it back */
  killAndWait(name: string): Promise<void>;
  stop(): Promise<void>;
}

/** The rate limit stays on, wide enough for a test's one donor. */
const WIDE = { RATE_LIMIT_DONOR: '10000', RATE_LIMIT_RECIPIENT: '10000', RATE_LIMIT_OPERATOR: '100000' };

/**
 * @param processes how many of a kind, where not one
 * @param metrics with Prometheus beside it
 */
export async function startHelsinki(
  env: Record<string, string> = {},
  processes: Record<string, number> = {},
  metrics = false,
): Promise<Helsinki> {
  const dir = mkdtempSync(join(tmpdir(), 'journey-'));
  const said: string[] = [];
  const log = (line: string): void => void said.push(line);
  const stack = await startStack({ dir, processes, metrics, env: { ...WIDE, ...env }, log });
  try {
    const seed = join(import.meta.dirname, '../../data/seed.ts');
    await promisify(execFile)(process.execPath, [seed, '--city', 'helsinki'], {
      env: { ...process.env, ...stack.env },
    });
  } catch (error) {
    await stack.stop();
    throw error;
  }
  const where = { apiUrl: stack.env['API_URL'] ?? '', issuerUrl: stack.env['JWT_ISSUER_URL'] ?? '' };
  await untilMatching(where);
  return {
    ...where,
    stack,
    dir,
    aDonor: () => firstDonor(where),
    flushRedis: async () => {
      const redis = new Redis(stack.env['REDIS_URL'] ?? '');
      await redis.flushall();
      redis.disconnect();
    },
    pause: (name) => stack.process(name).kill('SIGSTOP'),
    resume: (name) => stack.process(name).kill('SIGCONT'),
    victims: () =>
      stack
        .status()
        .map(({ name }) => name)
        .filter((name) => name !== 'migrate' && name !== 'issuer'),
    killAndWait: async (name) => {
      const victim = stack.process(name);
      const { restarts } = victim;
      victim.kill('SIGKILL');
      await until(
        `${name} is started again`,
        () => Promise.resolve(victim.restarts),
        (seen) => seen > restarts,
        20_000,
      );
      await victim.ready(30_000);
    },
    stop: async () => {
      await stack.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function firstDonor(where: Where): Promise<string> {
  const operator = await signIn(where, 'operator');
  const { body } = await operator.get<{ items: { id: string }[] }>('/v1/donors?limit=1');
  return body.items[0]?.id ?? '';
}

/** The keeper follows the seed within a second or so: until then nobody is near. */
async function untilMatching(where: Where): Promise<void> {
  const donor = await signIn(where, 'donor', await firstDonor(where));
  const post = async (): Promise<SurplusSeen> =>
    (await donor.post<SurplusSeen>('/v1/surplus', breadOf({ quantityGrams: 500 }))).body;
  const seen = async (): Promise<boolean> => {
    const surplus = await post();
    await donor.remove(`/v1/surplus/${surplus.id}`);
    return surplus.offer?.travelSource === 'route';
  };
  await until('the first routed offer', seen, Boolean, 30_000);
}

import { readSettings, type Settings } from '../simulate/settings.ts';

export interface ReplaySettings {
  /** one evening each; its `seed` names it */
  readonly evenings: readonly Settings[];
  /** 0 to 1: how many recipients' phones are offline for some minutes when an offer comes */
  readonly offlineShare: number;
  /** how long a recipient may think, ms */
  readonly ackTimeoutMs: number;
  /** where to write the figures as JSON; empty: nowhere */
  readonly outFile: string;
}

/**
 * From the environment: SEED, SEEDS (evenings), CITY, DONORS, MINUTES and the odds of `make simulate`, OFFLINE (percent),
 * ACK_TIMEOUT_SECONDS, OUT.
 * @throws Error that says what is wrong
 */
export function readReplaySettings(env: NodeJS.ProcessEnv): ReplaySettings {
  const seed = env['SEED'] || '1';
  const first = readSettings([], { ...env, SEED: seed, SPEED: '1' });
  return {
    evenings: Array.from({ length: number(env, 'SEEDS', 5, 1) }, (_, n) => ({
      ...first,
      seed: `${seed}.${String(n)}`,
    })),
    offlineShare: number(env, 'OFFLINE', 0) / 100,
    ackTimeoutMs: number(env, 'ACK_TIMEOUT_SECONDS', 300) * 1000,
    outFile: env['OUT'] ?? '',
  };
}

function number(env: NodeJS.ProcessEnv, name: string, otherwise: number, least = 0): number {
  const text = env[name] || String(otherwise);
  const value = Number(text);
  if (!(value >= least)) throw new Error(`${name} must be a number of at least ${String(least)}, not ${text}.`);
  return value;
}

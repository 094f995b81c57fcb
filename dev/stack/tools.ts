import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';

export const CHECKOUT = join(import.meta.dirname, '..', '..');

/** Where dev/setup, and whoever builds a program once, puts what is built. */
export function cacheFolder(): string {
  const { PAHLAWAN_CACHE_DIR: own, XDG_CACHE_HOME: caches = join(homedir(), '.cache') } = process.env;
  return own ?? join(caches, 'pahlawan-pangan');
}

/** Where dev/setup found or built the servers. */
export interface Tools {
  postgresBin: string;
  redisServer: string;
  natsServer: string;
  daprBin: string;
  valhallaHome: string;
  /** LD_PRELOADed it lets a test move a process's clock. */
  faketimeLibrary: string;
  /** empty: only `make setup METRICS=1` installs it */
  prometheus: string;
}

/** @throws Error when dev/setup has not run */
export function findTools(): Tools {
  const file = join(CHECKOUT, 'dev', '.tools.env');
  let written: NodeJS.Dict<string>;
  try {
    written = parseEnv(readFileSync(file, 'utf8'));
  } catch {
    throw new Error('The servers are not set up yet. Run: make setup');
  }
  const read = (name: string): string => {
    const value = written[name];
    if (value === undefined || value === '') throw new Error(`${file} lacks ${name}. Run: make setup`);
    return value;
  };
  return {
    postgresBin: read('POSTGRES_BIN'),
    redisServer: read('REDIS_SERVER'),
    natsServer: read('NATS_SERVER'),
    daprBin: read('DAPR_BIN'),
    valhallaHome: read('VALHALLA_HOME'),
    faketimeLibrary: read('FAKETIME_LIBRARY'),
    prometheus: written['PROMETHEUS'] ?? '',
  };
}

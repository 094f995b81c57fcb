/** Modules as V8 compiled them, and without their types, kept for the next start: half a second sooner, and 20 MB less. `make setup` makes them. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKOUT } from './tools.ts';

export const COMPILED = { NODE_COMPILE_CACHE: cacheOf(CHECKOUT) };

const WITHIN_MS = 60_000;

export function cacheOf(checkout: string): string {
  return join(checkout, 'node_modules', '.cache', 'node');
}

/** Starts each of our processes without what it must be told: it ends for want of that, with all its modules loaded. @param checkout absolute */
export function compileModules(checkout: string, cache: string): void {
  const services = join(checkout, 'services');
  const mains = readdirSync(services).map((kind) => join(services, kind, 'main.ts'));
  for (const main of mains.filter((path) => existsSync(path)))
    spawnSync(process.execPath, [main], { env: { NODE_COMPILE_CACHE: cache }, stdio: 'ignore', timeout: WITHIN_MS });
}

if (import.meta.main) compileModules(CHECKOUT, cacheOf(CHECKOUT));

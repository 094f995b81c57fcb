/** Each of our processes reads its wall clock through libfaketime, so that it can be moved while the process runs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findTools } from '../../dev/stack/tools.ts';

export interface Clocks {
  /** what makes that process read its own file */
  envOf(name: string): Record<string, string>;
  /** @param shiftMs against the true time, from now on */
  shift(name: string, shiftMs: number): void;
}

export function createClocks(dir: string): Clocks {
  mkdirSync(dir, { recursive: true });
  const { faketimeLibrary } = findTools();
  const fileOf = (name: string): string => join(dir, name);
  const shift = (name: string, shiftMs: number): void => {
    const seconds = shiftMs / 1000;
    writeFileSync(fileOf(name), `${seconds < 0 ? '' : '+'}${String(seconds)}\n`);
  };
  return {
    envOf: (name) => {
      shift(name, 0);
      return {
        LD_PRELOAD: faketimeLibrary,
        FAKETIME_TIMESTAMP_FILE: fileOf(name),
        // looked at once a second; the default is 10
        FAKETIME_CACHE_DURATION: '1',
        // A clock that jumps is the wall's: the monotonic one, and with it every timer, goes on.
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
      };
    },
    shift,
  };
}

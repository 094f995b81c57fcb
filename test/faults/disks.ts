/** The servers' folders, and everybody's logs, on small disks of their own (tmpfs), which can be filled to the last byte. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';

export const DISKS = ['postgres', 'nats', 'redis', 'logs'] as const;
export type Disk = (typeof DISKS)[number];

export interface Disks {
  fill(disk: Disk): void;
  empty(disk: Disk): void;
  unmount(): void;
}

const NEARLY_NOTHING_BYTES = 64 * 1024;
/** Room for an hour's campaign. */
const SIZE = { postgres: '1g', nats: '256m', redis: '256m', logs: '256m' };

/** @param dir where the stack has its folders. @returns why not, where mounting is not permitted */
export function mountDisks(dir: string): Disks | { readonly because: string } {
  const mounted: string[] = [];
  const unmount = (): void => {
    process.off('exit', unmount);
    for (const path of mounted.splice(0)) execFileSync('umount', ['--lazy', path], { stdio: 'ignore' });
  };
  try {
    for (const disk of DISKS) {
      const path = join(dir, disk);
      mkdirSync(path, { recursive: true });
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE[disk]}`, 'tmpfs', path], { stdio: 'pipe' });
      mounted.push(path);
    }
  } catch (error) {
    unmount();
    return { because: `no disk can be mounted here: ${String((error as { stderr?: unknown }).stderr).trim()}` };
  }
  // However the campaign ends: a mount outlives its process.
  process.once('exit', unmount);
  const ballast = (disk: Disk): string => join(dir, disk, 'ballast');
  return {
    fill: (disk) => {
      // dd writes until nothing more goes in, and ends with an error then.
      spawnSync('dd', ['if=/dev/zero', `of=${ballast(disk)}`, 'bs=64k'], { stdio: 'ignore' });
      const { bavail, bsize } = statfsSync(join(dir, disk));
      if (bavail * bsize > NEARLY_NOTHING_BYTES) throw new Error(`${String(bavail * bsize)} bytes are free after all`);
    },
    empty: (disk) => {
      rmSync(ballast(disk), { force: true });
    },
    unmount,
  };
}

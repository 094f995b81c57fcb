import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A port's name is its process and, where one has several, what it is for: `api`, `api-2.daprd.http`. */
export type PortOf = (name: string) => Promise<number>;

/** Below Linux' ephemeral range (32768…), so that no outgoing connection takes a port between its choice and its use. */
const FREE_FROM = 20_000;
const FREE_COUNT = 7_000;
const CLAIMS_DIR = join(tmpdir(), 'pahlawan-pangan-ports');
const claimed = new Set<string>();

process.on('exit', () => {
  for (const claim of claimed) rmSync(claim, { force: true });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Itself when the file is just being written, or gone. */
function ownerOf(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8')) || process.pid;
  } catch {
    return process.pid;
  }
}

/** Several test processes look for ports at once: a file per port says who has it until that process ends. */
function claim(port: number): boolean {
  const file = join(CLAIMS_DIR, String(port));
  mkdirSync(CLAIMS_DIR, { recursive: true });
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
  } catch {
    if (!isAlive(ownerOf(file))) rmSync(file, { force: true });
    return false;
  }
  claimed.add(file);
  return true;
}

/** Whether a server could listen there now. */
export function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => {
      resolve(false);
    });
    probe.listen(port, '127.0.0.1', () => {
      probe.close(() => {
        resolve(true);
      });
    });
  });
}

/** A port on 127.0.0.1 that nobody listens on and no other process of ours was given. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 1_000; tries++) {
    const port = FREE_FROM + Math.floor(Math.random() * FREE_COUNT);
    if (claim(port) && (await canListen(port))) return port;
  }
  throw new Error(`No free port between ${String(FREE_FROM)} and ${String(FREE_FROM + FREE_COUNT)}.`);
}

/** Gives each name its port: the one in `fixed`, or a free one, always the same for the same name. */
export function portsFrom(fixed: Record<string, number>, taken: Record<string, number>): PortOf {
  return async (name) => {
    taken[name] ??= fixed[name] ?? (await freePort());
    return taken[name];
  };
}

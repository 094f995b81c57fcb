/** A Valhalla of one's own on the tiles that dev/setup built. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, until } from './placesServers.ts';

export interface ValhallaProcess {
  readonly url: string;
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** The newest folder of dev/setup with valhalla.json, valhalla/bin and tiles. */
function valhallaHome(): string {
  const cache = process.env['PAHLAWAN_CACHE'] ?? join(homedir(), '.cache/pahlawan-pangan');
  const found = readdirSync(cache)
    .filter((name) => name.startsWith('valhalla-'))
    .sort()
    .at(-1);
  if (found === undefined) throw new Error('No Valhalla in the cache: run `make setup` once.');
  return join(cache, found);
}

interface Settings {
  httpd: { service: Record<string, unknown> };
  [part: string]: { service: Record<string, unknown> };
}

function settingsFor(home: string, port: number): Settings {
  const settings = JSON.parse(readFileSync(join(home, 'valhalla.json'), 'utf8')) as Settings;
  // A leading @ is an abstract socket: no file to collide with another instance.
  const socket = (name: string): string => `ipc://@valhalla-${String(port)}-${name}`;
  Object.assign(settings.httpd.service, {
    listen: `tcp://127.0.0.1:${String(port)}`,
    loopback: socket('loopback'),
    interrupt: socket('interrupt'),
  });
  for (const part of ['loki', 'thor', 'odin']) Object.assign(settings[part]?.service ?? {}, { proxy: socket(part) });
  return settings;
}

export async function startValhalla(): Promise<ValhallaProcess> {
  const home = valhallaHome();
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'valhalla-'));
  const config = join(folder, 'valhalla.json');
  writeFileSync(config, JSON.stringify(settingsFor(home, port)));
  const child = spawn(join(home, 'valhalla/bin/valhalla_service'), [config, '1'], { stdio: 'ignore' });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  const url = `http://127.0.0.1:${String(port)}`;
  await until('valhalla_service answers', async () => {
    try {
      return (await fetch(`${url}/status`)).ok;
    } catch {
      return false;
    }
  });
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await gone;
  };
  return {
    url,
    kill,
    stop: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessSpec } from '../supervise/processSpec.ts';
import { answersHttp } from './probes.ts';

interface ValhallaConfig {
  mjolnir: { tile_dir: string };
  httpd: { service: { listen: string; loopback: string; interrupt: string; drain_seconds: number } };
  loki: { service: { proxy: string } };
  thor: { service: { proxy: string } };
  odin: { service: { proxy: string } };
}

export interface ValhallaOptions {
  name?: string;
  /** Where dev/setup put the server, valhalla.json and the tiles. */
  home: string;
  dir: string;
  port: number;
}

export const valhallaUrl = (port: number): string => `http://127.0.0.1:${String(port)}`;

function configure({ home, port }: ValhallaOptions): ValhallaConfig {
  const config = JSON.parse(readFileSync(join(home, 'valhalla.json'), 'utf8')) as ValhallaConfig;
  // A leading @ is an abstract socket: no file to collide with another instance or to exceed the path limit.
  const socket = (part: string): string => `ipc://@valhalla-${String(port)}-${part}`;
  Object.assign(config.httpd.service, {
    listen: `tcp://127.0.0.1:${String(port)}`,
    loopback: socket('loopback'),
    interrupt: socket('interrupt'),
    drain_seconds: 1,
  });
  config.mjolnir.tile_dir = join(home, 'tiles');
  for (const part of ['loki', 'thor', 'odin'] as const) config[part].service.proxy = socket(part);
  return config;
}

export function valhallaSpec(options: ValhallaOptions): ProcessSpec {
  const config = join(options.dir, 'valhalla.json');
  return {
    name: options.name ?? 'valhalla',
    command: [join(options.home, 'valhalla', 'bin', 'valhalla_service'), config, '1'],
    after: [],
    prepare: () => {
      mkdirSync(options.dir, { recursive: true });
      writeFileSync(config, JSON.stringify(configure(options)));
    },
    ready: () => answersHttp(`${valhallaUrl(options.port)}/status`),
    stopWithinMs: 3_000,
  };
}

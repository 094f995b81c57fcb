import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessSpec } from '../supervise/processSpec.ts';
import { answersHttp } from './probes.ts';

export interface NatsOptions {
  name?: string;
  command: string;
  dir: string;
  port: number;
  monitorPort: number;
  /** The server's limit for one message. */
  maxPayloadBytes?: number;
}

export const natsUrl = (port: number): string => `nats://127.0.0.1:${String(port)}`;

export function natsSpec({
  name = 'nats',
  command,
  dir,
  port,
  monitorPort,
  maxPayloadBytes = 1_048_576,
}: NatsOptions): ProcessSpec {
  const config = join(dir, 'nats.conf');
  return {
    name,
    command: [command, '-c', config],
    after: [],
    prepare: () => {
      mkdirSync(dir, { recursive: true });
      writeFileSync(
        config,
        `host: 127.0.0.1\nport: ${String(port)}\nhttp: "127.0.0.1:${String(monitorPort)}"\nmax_payload: ${String(maxPayloadBytes)}\n` +
          `jetstream { store_dir: ${JSON.stringify(dir)}, max_mem: 64M, max_file: 4G }\n`,
      );
    },
    ready: () => answersHttp(`http://127.0.0.1:${String(monitorPort)}/healthz?js-enabled-only=true`),
  };
}

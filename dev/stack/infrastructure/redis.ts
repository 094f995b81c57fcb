import { mkdirSync } from 'node:fs';
import type { ProcessSpec } from '../supervise/processSpec.ts';
import { answersTcp } from './probes.ts';

export interface RedisOptions {
  name?: string;
  command: string;
  dir: string;
  port: number;
  /** Append-only file; tests do without. */
  durable: boolean;
}

export const redisUrl = (port: number): string => `redis://127.0.0.1:${String(port)}`;

export function redisSpec({ name = 'redis', command, dir, port, durable }: RedisOptions): ProcessSpec {
  const words = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    dir,
    '--save',
    '',
    '--appendonly',
    durable ? 'yes' : 'no',
  ];
  return {
    name,
    command: [command, ...words],
    after: [],
    prepare: () => void mkdirSync(dir, { recursive: true }),
    ready: () => answersTcp(port, 'PING\r\n', '+PONG'),
  };
}

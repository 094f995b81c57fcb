import type { ProcessSpec } from '../supervise/processSpec.ts';
import type { PortOf } from '../ports.ts';
import { answersHttp } from './probes.ts';

export interface JaegerOptions {
  /** as dev/jaeger/build printed it */
  command: string;
  portOf: PortOf;
}

export const jaegerUrl = (port: number): string => `http://127.0.0.1:${String(port)}`;

/** Jaeger's all-in-one: traces in memory, gone when it stops. */
export async function jaegerSpec({ command, portOf }: JaegerOptions): Promise<ProcessSpec> {
  const listen = async (part: string, name: string): Promise<string> =>
    `--${part}.host-port=127.0.0.1:${String(await portOf(name))}`;
  const words = await Promise.all([
    listen('query.http-server', 'jaeger'),
    listen('query.grpc-server', 'jaeger.grpc'),
    listen('collector.otlp.http', 'jaeger.otlp'),
    listen('collector.otlp.grpc', 'jaeger.otlp.grpc'),
    listen('collector.grpc-server', 'jaeger.collector.grpc'),
    listen('collector.http-server', 'jaeger.collector'),
    listen('admin.http', 'jaeger.admin'),
  ]);
  const admin = await portOf('jaeger.admin');
  return {
    name: 'jaeger',
    command: [command, ...words, '--memory.max-traces=20000', '--log-level=warn'],
    env: { SPAN_STORAGE_TYPE: 'memory' },
    after: [],
    ready: () => answersHttp(`http://127.0.0.1:${String(admin)}/`),
    stopWithinMs: 3_000,
  };
}

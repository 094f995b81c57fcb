import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { answersHttp } from '../../dev/stack/infrastructure/probes.ts';
import type { ProcessSpec } from '../../dev/stack/supervise/processSpec.ts';
import { findTools } from '../../dev/stack/tools.ts';

export interface PrometheusOptions {
  readonly dir: string;
  readonly port: number;
  /** of the real actor host */
  readonly hostPort: number;
  readonly labels: Readonly<Record<string, string>>;
  /** a file of targets, read again when it changes, instead */
  readonly targetsFile?: string;
}

/** Reads our actor host as the chart's ServiceMonitor would have it read, with the labels an operator's Prometheus gives. */
export function prometheusSpec({ dir, port, hostPort, labels, targetsFile }: PrometheusOptions): ProcessSpec {
  const { prometheus } = findTools();
  if (prometheus === '') throw new Error('Prometheus is not set up. Run: make setup METRICS=1');
  const config = join(dir, 'prometheus.yml');
  return {
    name: 'prometheus',
    command: [
      prometheus,
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(dir, 'prometheus')}`,
      `--web.listen-address=127.0.0.1:${String(port)}`,
    ],
    after: [],
    prepare: () => {
      mkdirSync(dir, { recursive: true });
      writeFileSync(config, stringify(configOf(hostPort, labels, targetsFile)));
    },
    ready: () => answersHttp(`http://127.0.0.1:${String(port)}/-/ready`),
  };
}

function configOf(hostPort: number, labels: Readonly<Record<string, string>>, targetsFile?: string): object {
  const targets = [{ targets: [`127.0.0.1:${String(hostPort)}`], labels }];
  const found =
    targetsFile === undefined ? { static_configs: targets } : { file_sd_configs: [{ files: [targetsFile] }] };
  return {
    global: { scrape_interval: '5s', scrape_timeout: '4s' },
    scrape_configs: [{ job_name: 'actor-host', ...found }],
  };
}

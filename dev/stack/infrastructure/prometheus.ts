import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ProcessSpec } from '../supervise/processSpec.ts';
import { CHECKOUT } from '../tools.ts';
import { answersHttp } from './probes.ts';

export interface ScrapeTarget {
  /** as the chart's ServiceMonitor calls it: the component */
  readonly job: string;
  /** the process's name: `api-2` */
  readonly instance: string;
  readonly port: number;
}

export interface PrometheusOptions {
  readonly command: string;
  readonly dir: string;
  readonly port: number;
  readonly targets: readonly ScrapeTarget[];
}

/** The one source of the rules; the chart makes a PrometheusRule of it. */
export const ALERTS_FILE = join(CHECKOUT, 'charts', 'pahlawan-pangan', 'files', 'alerts.yaml');
const EVERY = '5s';

export const prometheusUrl = (port: number): string => `http://127.0.0.1:${String(port)}`;

/** Prometheus on our processes with the rules of production, looked at more often. */
export function prometheusSpec({ command, dir, port, targets }: PrometheusOptions): ProcessSpec {
  if (command === '') throw new Error('Prometheus is not set up. Run: make setup METRICS=1');
  const config = join(dir, 'prometheus.yml');
  const flags = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(dir, 'data')}`,
    '--storage.tsdb.retention.time=4d',
    `--web.listen-address=127.0.0.1:${String(port)}`,
  ];
  return {
    name: 'prometheus',
    command: [command, ...flags],
    after: [],
    prepare: () => {
      mkdirSync(dir, { recursive: true });
      writeFileSync(config, stringify(configOf(targets)));
    },
    ready: () => answersHttp(`${prometheusUrl(port)}/-/ready`),
  };
}

function configOf(targets: readonly ScrapeTarget[]): object {
  const jobs = [...new Set(targets.map(({ job }) => job))];
  return {
    global: { scrape_interval: EVERY, scrape_timeout: '4s', evaluation_interval: EVERY },
    rule_files: [ALERTS_FILE],
    scrape_configs: jobs.map((job) => ({
      job_name: job,
      static_configs: targets
        .filter((each) => each.job === job)
        .map(({ instance, port }) => ({
          targets: [`127.0.0.1:${String(port)}`],
          labels: { instance, app_kubernetes_io_name: 'pahlawan-pangan' },
        })),
    })),
  };
}

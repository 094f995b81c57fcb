/** Prometheus's text format, as prom-client writes it. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Exported {
  /** by metric: counter, gauge, histogram */
  readonly types: ReadonlyMap<string, string>;
  /** by series name: a histogram's are its _bucket, _sum, _count */
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
}

export function readMetrics(text: string): Exported {
  const types = new Map<string, string>();
  const samples = new Map<string, Sample[]>();
  for (const line of text.split('\n')) {
    const type = /^# TYPE (\S+) (\S+)$/.exec(line);
    if (type?.[1] !== undefined && type[2] !== undefined) types.set(type[1], type[2]);
    const sample = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (sample?.[1] === undefined) continue;
    const labels = Object.fromEntries(
      [...(sample[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label = '', value = '']) => [label, value]),
    );
    samples.set(sample[1], [...(samples.get(sample[1]) ?? []), { labels, value: Number(sample[3]) }]);
  }
  return { types, samples };
}

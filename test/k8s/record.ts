/** What was seen, once a second, by whoever looks at the cluster and at the host. */
import { setTimeout as pause } from 'node:timers/promises';
import type { ApiServer, KubeObject } from './apiServer.ts';
import type { Drive } from './drive.ts';

export interface Sample {
  /** since the record began */
  readonly atSeconds: number;
  /** what is being shown then */
  readonly step: string;
  /** asked for by the autoscaler */
  readonly replicas: number;
  readonly ready: number;
  /** matching_engine_saturation_ratio of the real host, from itself */
  readonly saturation: number;
  /** stories a second, of the city and of the one host */
  readonly city: number;
  readonly offered: number;
  /** KEDA scales by its fallback */
  readonly isFallback: boolean;
}

export interface Recorder {
  readonly samples: readonly Sample[];
  step(name: string, cityStoriesPerSecond: number): void;
  latest(): Sample;
  /** the last so many seconds */
  last(seconds: number): readonly Sample[];
  /** resolves with the seconds it took; null: not in time */
  until(is: (sample: Sample) => boolean, withinSeconds: number): Promise<number | null>;
  hold(seconds: number): Promise<readonly Sample[]>;
  stop(): Promise<void>;
}

export interface RecorderOptions {
  readonly api: ApiServer;
  readonly drive: Drive;
  readonly saturation: () => Promise<number>;
  readonly namespace: string;
  readonly name: string;
  readonly signal: AbortSignal;
}

const EVERY_MS = 1_000;

export async function startRecord(options: RecorderOptions): Promise<Recorder> {
  const { drive, signal } = options;
  const startedMs = performance.now();
  const samples: Sample[] = [];
  let [step, city, isOver] = ['install', 0, false];
  let failure: unknown;
  const look = async (): Promise<void> => {
    const seen = await lookAt(options);
    drive.among(seen.ready);
    samples.push({ atSeconds: (performance.now() - startedMs) / 1000, step, city, offered: drive.offered(), ...seen });
  };
  const going = (async () => {
    while (!isOver) {
      const began = performance.now();
      await look();
      await pause(Math.max(0, EVERY_MS - (performance.now() - began)));
    }
  })().catch((error: unknown) => (failure = error));
  const latest = (): Sample => {
    signal.throwIfAborted();
    if (failure !== undefined) throw failure as Error;
    const [last] = samples.slice(-1);
    if (last === undefined) throw new Error('nothing is recorded yet');
    return last;
  };
  const last = (seconds: number): readonly Sample[] => {
    const { atSeconds } = latest();
    return samples.filter((sample) => sample.atSeconds >= atSeconds - seconds);
  };
  while (samples.length === 0 && failure === undefined) await pause(100);
  return {
    samples,
    latest,
    last,
    step: (name, cityStoriesPerSecond) => {
      [step, city] = [name, cityStoriesPerSecond];
      drive.city(city);
    },
    until: async (is, withinSeconds) => {
      const beganMs = performance.now();
      const elapsed = (): number => (performance.now() - beganMs) / 1000;
      for (;;) {
        if (is(latest())) return elapsed();
        if (elapsed() > withinSeconds) return null;
        await pause(200);
      }
    },
    hold: async (seconds) => {
      await pause(seconds * 1000, undefined, { signal });
      return last(seconds);
    },
    stop: async () => {
      isOver = true;
      await going;
    },
  };
}

type Seen = Pick<Sample, 'replicas' | 'ready' | 'saturation' | 'isFallback'>;

async function lookAt({ api, namespace, name, saturation }: RecorderOptions): Promise<Seen> {
  const [deployment, scaled, ratio] = await Promise.all([
    api.get(`/apis/apps/v1/namespaces/${namespace}/deployments/${name}`),
    api.get(`/apis/keda.sh/v1alpha1/namespaces/${namespace}/scaledobjects/${name}`),
    saturation(),
  ]);
  return {
    replicas: Number(deployment?.spec.replicas ?? 0),
    ready: Number(deployment?.status.readyReplicas ?? 0),
    saturation: ratio,
    isFallback: conditionOf(scaled, 'Fallback') === 'True',
  };
}

export function conditionOf(object: KubeObject | null, type: string): string | undefined {
  const conditions = (object?.status?.conditions ?? []) as readonly { type: string; status: string }[];
  return conditions.find((each) => each.type === type)?.status;
}

/** @throws Error when the host does not answer, or has no such metric */
export async function saturationOf(hostPort: number): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${String(hostPort)}/metrics`, { signal: AbortSignal.timeout(10_000) });
  const line = /^matching_engine_saturation_ratio (\S+)$/m.exec(await answer.text());
  if (line === null) throw new Error('the actor host shows no matching_engine_saturation_ratio');
  return Number(line[1]);
}

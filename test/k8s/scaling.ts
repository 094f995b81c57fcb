/** The load's story and what is promised of it: docs/autoscaling.md tells it with a picture. */
import { HOSTS, installAsTold, NAMESPACE } from './chart.ts';
import type { Cluster } from './cluster.ts';
import { watchBudgets } from './disruption.ts';
import { mean, tooFast } from './laws.ts';
import type { Processes } from './processes.ts';
import type { Recorder, Sample } from './record.ts';
import type { Verdict } from './verdict.ts';

/** As values-production.yaml with ci/brisk.yaml over it says; the live objects are compared with it. */
export const SCALE = {
  min: 10,
  max: 40,
  fallback: 20,
  target: 0.7,
  stabilizationSeconds: 30,
  periodSeconds: 10,
  percent: 10,
};
/** stories a second of one host while all is calm */
export const CALM = 10;
const CALM_SECONDS = 20;
const TOO_BUSY = 0.5;
/** times what brings a host to its target: with the cap's hosts there is still too much to do, and never so much that the api refuses most of it */
export const SURGE = 1.4;

export interface Scene {
  readonly cluster: Cluster;
  readonly recorder: Recorder;
  readonly verdict: Verdict;
  readonly prometheus: Processes;
  /** where own.yaml is */
  readonly folder: string;
  readonly say: (line: string) => void;
  /** to be kept with the record */
  readonly figures: Record<string, number | string>;
}

export const seconds = (value: number | null): string => (value === null ? 'never' : `${value.toFixed(1)} s`);
const city = (hosts: number, each: number): number => hosts * each;

export async function calm({ recorder, verdict, figures }: Scene): Promise<void> {
  recorder.step('calm', city(SCALE.min, CALM));
  // cells are taken over and code warms up first; a neighbour on this machine may be loud for a while
  await recorder.hold(CALM_SECONDS);
  const quiet = await recorder.until(() => saturationIn(recorder.last(6)) < TOO_BUSY, 60);
  const seen = recorder.last(CALM_SECONDS - 1);
  const saturation = saturationIn(recorder.last(6));
  verdict.check(
    `a calm city stays at ${String(SCALE.min)} hosts`,
    seen.every(({ replicas }) => replicas === SCALE.min),
    `saturation ${saturation.toFixed(2)} at ${String(CALM)} stories/s a host`,
  );
  if (quiet === null)
    throw new Error(
      `The host stands at ${saturation.toFixed(2)} under a calm load: this machine is too busy for the test.`,
    );
  figures['calmSaturation'] = saturation;
}

export async function surge({ recorder, verdict, figures }: Scene, atTarget: number): Promise<void> {
  recorder.step('surge', city(SCALE.max, SURGE * atTarget));
  const passed = await recorder.until(({ saturation }) => saturation > SCALE.target, 60);
  verdict.check('saturation passes 0.7', passed !== null, seconds(passed));
  const rising = await recorder.until(({ replicas }) => replicas > SCALE.min, 60 - (passed ?? 0));
  const roseAfter = rising === null ? null : rising + (passed ?? 0);
  verdict.check('hosts rise within 60 s of the load', roseAfter !== null, seconds(roseAfter));
  const capped = await recorder.until(({ replicas, ready }) => replicas === SCALE.max && ready === SCALE.max, 240);
  const cappedAfter = capped === null ? null : capped + (roseAfter ?? 0);
  verdict.check(`they reach the cap of ${String(SCALE.max)}, all ready`, capped !== null, seconds(cappedAfter));
  figures['saturatedAfterSeconds'] = passed ?? 'never';
  figures['risingAfterSeconds'] = roseAfter ?? 'never';
  figures['cappedAfterSeconds'] = cappedAfter ?? 'never';
}

/** A changed value, under the full load. */
export async function upgrade({ cluster, recorder, verdict, figures, folder }: Scene): Promise<void> {
  recorder.step('upgrade', recorder.latest().city);
  const before = recorder.latest();
  const stop = watchBudgets(cluster.api, NAMESPACE);
  const startedMs = performance.now();
  await installAsTold(cluster, folder, '--set config.logLevel=debug --timeout 3m');
  const tookSeconds = (performance.now() - startedMs) / 1000;
  const { budgets, looks, broken, leastMargin } = await stop();
  const deployment = await cluster.api.get(`/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${HOSTS}`);
  const { replicas, updatedReplicas } = deployment?.status as { replicas: number; updatedReplicas: number };
  verdict.check(
    'an upgrade rolls every host',
    updatedReplicas === replicas,
    `${String(updatedReplicas)} in ${seconds(tookSeconds)}`,
  );
  verdict.check(
    `none of ${String(budgets)} disruption budgets is broken meanwhile`,
    broken.length === 0 && looks > 10 && budgets >= 4,
    `${String(looks)} looks, least margin ${String(leastMargin)}; ${broken.join(', ') || 'none'}`,
  );
  const fewest = Math.min(...recorder.last(tookSeconds).map((sample) => sample.replicas));
  verdict.check(
    'helm leaves the number of hosts to the autoscaler',
    fewest >= before.replicas,
    `never below ${String(fewest)}`,
  );
  figures['upgradeSeconds'] = tookSeconds;
}

export async function withoutPrometheusAtTheCap(scene: Scene): Promise<void> {
  const { recorder, verdict, figures, prometheus } = scene;
  recorder.step('no Prometheus', recorder.latest().city);
  await prometheus.stop('prometheus');
  const after = await recorder.until(({ isFallback }) => isFallback, 60);
  const seen = await recorder.hold(12);
  const fewest = Math.min(...seen.map(({ replicas }) => replicas));
  verdict.check('Prometheus stopped: KEDA falls back', after !== null, seconds(after));
  verdict.check(
    `hosts stay where they are, above the fallback's ${String(SCALE.fallback)}`,
    fewest === SCALE.max,
    String(fewest),
  );
  figures['fallbackAfterSeconds'] = after ?? 'never';
  await prometheus.start('prometheus');
  const back = await recorder.until(({ isFallback }) => !isFallback, 60);
  verdict.check('Prometheus back: KEDA reads it again', back !== null, seconds(back));
}

/** Half the city goes home: between cap and minimum there is a number about which it is held. */
export async function converge({ recorder, verdict, figures, say }: Scene, atTarget: number): Promise<void> {
  recorder.step('half', city(SCALE.max / 2, atTarget));
  const fallen = await recorder.until(({ replicas }) => replicas < SCALE.max, 150);
  verdict.check(
    `the first host leaves after the ${String(SCALE.stabilizationSeconds)} s it has to be so`,
    fallen !== null && fallen >= SCALE.stabilizationSeconds - 2,
    seconds(fallen),
  );
  await recorder.hold(FALLING_SECONDS);
  const seen = await recorder.hold(REGULATED_SECONDS);
  const counts = seen.map(({ replicas }) => replicas);
  const saturation = saturationIn(seen);
  const [fewest, most] = [Math.min(...counts), Math.max(...counts)];
  figures['regulatedHosts'] = mean(counts);
  figures['regulatedSaturation'] = saturation;
  // No promise: how much a host can take changes while others use this machine, and with it the number that is right.
  say(
    `       with half the city ${String(fewest)} to ${String(most)} hosts at ${saturation.toFixed(2)} in the mean of a minute; ${String(SCALE.max / 2)} were expected`,
  );
}

/** a tenth less five times */
const FALLING_SECONDS = 45;
const REGULATED_SECONDS = 60;

function saturationIn(seen: readonly Sample[]): number {
  return mean(seen.map(({ saturation }) => saturation));
}

export async function calmAgain({ recorder, verdict, figures }: Scene): Promise<void> {
  recorder.step('calm again', city(SCALE.min, CALM));
  const after = await recorder.until(({ replicas }) => replicas === SCALE.min, 200);
  verdict.check(`back at ${String(SCALE.min)} hosts`, after !== null, seconds(after));
  const falls = recorder.samples.filter(({ step }) => step === 'half' || step === 'calm again');
  const wrong: readonly Sample[] = tooFast(falls, SCALE);
  verdict.check(
    `never more than ${String(SCALE.percent)} % of the hosts leave within ${String(SCALE.periodSeconds)} s`,
    wrong.length === 0,
    wrong.map(({ atSeconds, replicas }) => `${String(replicas)} at ${atSeconds.toFixed(0)} s`).join(', '),
  );
  figures['calmAgainAfterSeconds'] = after ?? 'never';
}

export async function withoutPrometheusAtTheMinimum({ recorder, verdict, prometheus }: Scene): Promise<void> {
  recorder.step('none again', recorder.latest().city);
  await prometheus.stop('prometheus');
  const after = await recorder.until(
    ({ replicas, ready }) => replicas === SCALE.fallback && ready === SCALE.fallback,
    60,
  );
  verdict.check(`Prometheus stopped: ${String(SCALE.fallback)} hosts, the fallback`, after !== null, seconds(after));
}

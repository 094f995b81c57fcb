/**
 * `make test-k8s`: the chart on a real control plane, its autoscaling under a load whose saturation is a real actor host's.
 * Exit code 1: a promise was missed. RECORD=1 keeps the record and its picture in docs/.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../../dev/stack/ports.ts';
import { CHECKOUT } from '../../dev/stack/tools.ts';
import { startWorld, type World } from '../../loadtest/world.ts';
import { say, seed } from '../survival/setting.ts';
import { openStage } from '../survival/stories.ts';
import {
  everything,
  HOSTS,
  installAsTold,
  leftOver,
  NAMESPACE,
  ownFolder,
  prepareGround,
  refusals,
  RELEASE,
  testAsTold,
} from './chart.ts';
import { type Cluster, startCluster } from './cluster.ts';
import { climb } from './climb.ts';
import { createDrive, type Drive } from './drive.ts';
import { picture, type RunRecord } from './draw.ts';
import { scaleByPods, startCustomMetrics } from './hpa.ts';
import { paste } from './pages.ts';
import { startProcesses } from './processes.ts';
import { buildPrograms } from './programs.ts';
import { prometheusSpec } from './prometheus.ts';
import { type Recorder, saturationOf, startRecord } from './record.ts';
import * as scaling from './scaling.ts';
import { openVerdict } from './verdict.ts';

/** A host with one connection is saturated by what two cores can ask of it, before the api refuses at the door. */
const DATABASE_POOL_SIZE = 1;
/** Tokens are the development issuer's, asked for one by one: so many donors, not ten thousand. */
const DONORS = 400;
/** What autoscaling.mode hpa does, without what KEDA does. */
const ONLY_PODS = process.env['ONLY'] === 'pods';
const LEFT_WITHIN_MS = 60_000;
const WARM_UP_PER_SECOND = 40;
const WARM_UP_MS = 20_000;

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => stopping.abort(new Error(`stopped by ${signal}`)));

const startedAt = new Date().toISOString();
const verdict = openVerdict(say);
/** What was acquired pushes its undoing. */
const undo: (() => unknown)[] = [];
let failure: unknown;
try {
  await play();
} catch (error) {
  failure = stopping.signal.aborted ? stopping.signal.reason : error;
} finally {
  for (const each of undo.toReversed()) await Promise.resolve(each()).catch((error: unknown) => say(String(error)));
}
if (failure !== undefined) say(`FAILED ${failure instanceof Error ? failure.message : JSON.stringify(failure)}`);
const isGood = failure === undefined && verdict.missed.length === 0;
for (const line of verdict.missed) say(`MISSED ${line}`);
say(
  `${isGood ? 'PASSED' : 'NOT PASSED'}: ${String(verdict.checks - verdict.missed.length)} of ${String(verdict.checks)} promises kept`,
);
process.exit(isGood ? 0 : 1);

async function play(): Promise<void> {
  const { signal } = stopping;
  const programs = await buildPrograms(say, signal);
  const dir = mkdtempSync(join(tmpdir(), 'pahlawan-k8s-'));
  undo.push(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  const cluster = await startCluster({ dir, programs, say, signal });
  undo.push(() => cluster.stop());
  const starting = startWorld(say, {
    env: { RATE_LIMIT_DONOR: '1000000', RATE_LIMIT_RECIPIENT: '1000000' },
    envOf: (name) => (name === 'actor-host' ? { DATABASE_POOL_SIZE: String(DATABASE_POOL_SIZE) } : {}),
    withCompared: false,
    signal,
  });
  undo.push(async () => (await starting).stop());
  starting.catch(() => undefined);
  await accepted(cluster);
  const world = await starting;
  signal.throwIfAborted();
  say('a real actor host runs');
  await live({ cluster, world, dir });
}

/** Before anything is installed. */
async function accepted(cluster: Cluster): Promise<void> {
  await prepareGround(cluster);
  const { sets, against } = await refusals(cluster);
  for (const line of against) say(line);
  verdict.check(`the API server takes ${String(sets)} value sets, without a warning`, against.length === 0);
}

interface Ground {
  readonly cluster: Cluster;
  readonly world: World;
  readonly dir: string;
}

async function live({ cluster, world, dir }: Ground): Promise<void> {
  const hostPort = world.stack.ports['actor-host'] ?? 0;
  const port = await freePort();
  const labels = { namespace: NAMESPACE, service: HOSTS };
  const prometheus = await startProcesses([prometheusSpec({ dir, port, hostPort, labels })], dir, say);
  undo.push(() => prometheus.stopAll());
  const ceiling = { perSecond: 0 };
  const drive = driveOf(world, ceiling);
  undo.push(() => drive.stop());
  const saturation = (): Promise<number> => saturationOf(hostPort);
  const atTarget = await takes(drive, ceiling, saturation);
  const before = await everything(cluster);
  const prometheusUrl = `http://127.0.0.1:${String(port)}`;
  const folder = ownFolder(dir, { prometheusUrl, databasePoolSize: DATABASE_POOL_SIZE });
  await installAsTold(cluster, folder);
  say('installed by the words of k8s/README.md and charts/README.md');
  await testAsTold(cluster, folder);
  const { asked, silent } = await paste(cluster);
  for (const line of silent) say(line);
  verdict.check(
    'what the runbooks ask kubectl is answered',
    silent.length === 0 && asked > 10,
    `${String(asked)} lines`,
  );
  const { signal } = stopping;
  const options = { api: cluster.api, drive, namespace: NAMESPACE, name: HOSTS, signal, saturation };
  const recorder = await startRecord(options);
  undo.push(() => recorder.stop());
  const figures: Record<string, number | string> = { storiesPerSecondAtTarget: atTarget };
  const scene = { cluster, recorder, verdict, prometheus, folder, say, figures };
  await scale(scene, atTarget);
  await recorder.stop();
  const customMetrics = await startCustomMetrics(scene, hostPort);
  undo.push(customMetrics);
  const second = await startRecord(options);
  undo.push(() => second.stop());
  await scaleByPods(scene, second, atTarget);
  await second.stop();
  keepRecord(recorder, figures);
  await uninstalled(cluster, before);
}

/** Before anybody scales by it: cold code stands at several times what it does warm. One host is offered no more than the ceiling, however few there are. */
async function takes(drive: Drive, ceiling: { perSecond: number }, saturation: () => Promise<number>): Promise<number> {
  ceiling.perSecond = WARM_UP_PER_SECOND;
  drive.city(WARM_UP_PER_SECOND);
  await pause(WARM_UP_MS, undefined, { signal: stopping.signal });
  const { atTarget, tooMuch } = await climb(drive, ceiling, saturation, scaling.SCALE.target, stopping.signal);
  say(`one host stands at the target with ${atTarget.toFixed(0)} stories/s, far above it with ${tooMuch.toFixed(0)}`);
  ceiling.perSecond = tooMuch;
  return atTarget;
}

function driveOf(world: World, ceiling: { perSecond: number }): Drive {
  const donorIds = world.donors.slice(0, DONORS).map(({ id }) => id);
  const stage = openStage(world.stack, ['api'], donorIds, seed);
  undo.push(() => stage.balancer.close());
  return createDrive(stage, ceiling);
}

async function scale(scene: scaling.Scene, atTarget: number): Promise<void> {
  const { min } = scaling.SCALE;
  const began = await scene.recorder.until(({ replicas, ready }) => replicas === min && ready === min, 60);
  verdict.check(`installed, the autoscaler asks for ${String(min)} hosts, and they are ready`, began !== null);
  await scaling.calm(scene);
  if (ONLY_PODS) return;
  await scaling.surge(scene, atTarget);
  await scaling.upgrade(scene);
  await scaling.withoutPrometheusAtTheCap(scene);
  await scaling.converge(scene, atTarget);
  await scaling.calmAgain(scene);
  await scaling.withoutPrometheusAtTheMinimum(scene);
}

async function uninstalled(cluster: Cluster, before: readonly string[]): Promise<void> {
  await cluster.helm(['uninstall', RELEASE, '--namespace', NAMESPACE, '--wait']);
  const rest = await leftOver(cluster, before, LEFT_WITHIN_MS);
  verdict.check('uninstalled, nothing is left of it', rest.length === 0, rest.join(', '));
}

function keepRecord({ samples }: Recorder, figures: RunRecord['figures']): void {
  const isKept = process.env['RECORD'] === '1' && !ONLY_PODS;
  const folder = join(CHECKOUT, isKept ? 'docs' : '.run');
  mkdirSync(folder, { recursive: true });
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: CHECKOUT, encoding: 'utf8' }).trim();
  const { min: minReplicas, max: maxReplicas, target: targetSaturation } = scaling.SCALE;
  const size = { minReplicas, maxReplicas, targetSaturation };
  const record: RunRecord = { command: 'make test-k8s RECORD=1', commit, startedAt, ...size, figures, samples };
  writeFileSync(join(folder, 'autoscaling.json'), `${JSON.stringify(record, rounded)}\n`);
  writeFileSync(join(folder, 'autoscaling.svg'), picture(record));
  say(`record and picture: ${isKept ? 'docs' : '.run'}/autoscaling.{json,svg}`);
}

/** A thousandth is more than enough of each. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 1000) / 1000 : value;
}

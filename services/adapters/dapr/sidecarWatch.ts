/**
 * A sidecar may hold every call to a cell for good while it says that it is well: daprd 1.18 leaves an actor type locked when its
 * stream to placement ends in the middle of a round whose table it already has (ADR 0012). So each process asks through its own
 * sidecar whether anybody is awake, and ends a sidecar that lets nothing through; its supervisor starts it anew.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Counter, type Registry } from 'prom-client';
import { Pool } from 'undici';
import { ACTOR_TYPE } from '#cell/contract.ts';
import { AWAKE_METHOD } from './actorRoutes.ts';

export interface SidecarWatchOptions {
  readonly daprUrl: string;
  readonly daprToken: string;
  readonly registry: Registry;
  readonly log: Logger;
}

const EVERY_MS = 500;
/**
 * Rounds, not time: a process that is itself held up asks no rounds. 3 s: longer than a dead host is called (2.1 s until
 * placement or its sidecar has noticed), shorter than the 5 s in which people's answers have to come.
 */
const SILENT_ROUNDS = 6;
/** By their hash these lie on every host: as long as one answers, the sidecar finds the way. */
const SLEEPERS = 16;
/** For it to end, come back and meet placement. */
const RESTART_MS = 15_000;
const ASK_MS = 1_000;

interface Sidecar {
  readonly dapr: Pool;
  readonly headers: Readonly<Record<string, string>>;
  /** aborted when nobody watches any more */
  readonly stopped: AbortSignal;
}

export interface SidecarWatch {
  /** Whether it is there, takes our word, and is connected to placement: without that no call to a cell gets anywhere. Answers within a second. */
  isWell(): Promise<boolean>;
  stop(): Promise<void>;
}

/** Watches until stopped. An error is an answer as well: only silence counts, and only while the sidecar says that it is connected. */
export function watchSidecar({ daprUrl, daprToken, registry, log }: SidecarWatchOptions): SidecarWatch {
  const stopping = new AbortController();
  const dapr = new Pool(daprUrl, { connections: SILENT_ROUNDS + 2 });
  const sidecar = { dapr, headers: { 'dapr-api-token': daprToken }, stopped: stopping.signal };
  const ended = new Counter({
    name: 'sidecar_ended_total',
    help: 'Times the sidecar let no call to a cell through and was told to end',
    registers: [registry],
  });
  const end = async (): Promise<void> => {
    log.error('the sidecar says it is connected and lets no call through: it is told to end');
    ended.inc();
    await ask(sidecar, 'POST', '/v1.0/shutdown', ASK_MS).catch((error: unknown) => {
      log.warn({ err: error }, 'the sidecar does not end');
    });
  };
  const watching = watch(sidecar, end).catch((error: unknown) => {
    if (!stopping.signal.aborted) throw error;
  });
  return {
    isWell: () => saysItIsWell(sidecar),
    async stop() {
      stopping.abort();
      await watching;
      await dapr.destroy();
    },
  };
}

async function watch(sidecar: Sidecar, end: () => Promise<void>): Promise<never> {
  const rest = (ms: number): Promise<void> => pause(ms, undefined, { signal: sidecar.stopped });
  let heard = true;
  let silent = 0;
  for (let round = 0; ; round++) {
    await rest(EVERY_MS);
    silent = heard || !(await saysItIsWell(sidecar)) ? 0 : silent + 1;
    heard = false;
    void isHeard(sidecar, `awake-${String(round % SLEEPERS)}`).then((isAnswered) => (heard ||= isAnswered));
    if (silent < SILENT_ROUNDS) continue;
    await end();
    await rest(RESTART_MS);
    silent = 0;
  }
}

async function isHeard(sidecar: Sidecar, sleeper: string): Promise<boolean> {
  const path = `/v1.0/actors/${ACTOR_TYPE}/${sleeper}/method/${AWAKE_METHOD}`;
  return await ask(sidecar, 'PUT', path, SILENT_ROUNDS * EVERY_MS).then(
    () => true,
    (error: unknown) => !(error instanceof Error && error.name === 'TimeoutError'),
  );
}

/** Not while it is away, looks for placement, or is held up itself: that isn't what this watches. */
async function saysItIsWell(sidecar: Sidecar): Promise<boolean> {
  try {
    const { actorRuntime } = JSON.parse(await ask(sidecar, 'GET', '/v1.0/metadata', ASK_MS)) as {
      actorRuntime?: { placement?: string };
    };
    return actorRuntime?.placement === 'placement: connected';
  } catch {
    return false;
  }
}

/** @throws TimeoutError; whatever the connection says */
async function ask(sidecar: Sidecar, method: 'GET' | 'POST' | 'PUT', path: string, withinMs: number): Promise<string> {
  const { dapr, headers, stopped } = sidecar;
  const signal = AbortSignal.any([stopped, AbortSignal.timeout(withinMs)]);
  const { body } = await dapr.request({ method, path, headers, signal });
  return await body.text();
}

import type { Socket } from 'node:net';
import {
  jetstream,
  JetStreamApiError,
  jetstreamManager,
  type JetStreamClient,
  type JetStreamManager,
} from '@nats-io/jetstream';
import { connect, errors, type NatsConnection } from '@nats-io/transport-node';
import { withinMs } from '../timing/withinMs.ts';

/** One connection to NATS that never gives up. Until the server was reached for the first time its parts throw ConnectionError. */
export interface Bus {
  readonly connection: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  isConnected(): boolean;
  /** Resolves when the server was reached for the first time. @throws what no patience mends: a malformed address */
  readonly reached: Promise<void>;
  /** Sends what is buffered, then closes. */
  close(): Promise<void>;
}

/** A paused server is noticed after two unanswered pings. */
const PING_INTERVAL_MS = 3_000;
const RECONNECT_WAIT_MS = 250;
/** A server whose machine is gone answers no dial; there may be others. */
const DIAL_TIMEOUT_MS = 2_000;
const API_TIMEOUT_MS = 3_000;
/** Of several servers one that JetStream does not answer at so often, one question after the other, is left for another. */
const MOST_UNANSWERED = 2;
const ASK_EVERY_MS = 5_000;
const LEADERLESS = 503;
/** Mostly it is there, and who goes on without it has to come back to it. */
const FIRST_WAIT_MS = 1_000;

export interface BusOptions {
  readonly url: string;
  /** shown in NATS's connection list */
  readonly name: string;
  /** how often JetStream is asked whether it is there, where there are several servers; ms */
  readonly askEveryMs?: number;
}

/**
 * Reaches for NATS in the background, after a second at first, and after each loss; meanwhile requests fail at once, or by their timeouts. Who only tells others
 * of what it does works without it: an api or an actor host that is started while NATS is away must not wait for it.
 */
export async function reachBus(options: BusOptions): Promise<Bus> {
  let open: Reached | null = null;
  const reached = dial(options).then((found) => void (open = found));
  const found = (): Reached => {
    if (open === null) throw new errors.ConnectionError('NATS has not been reached yet');
    return open;
  };
  await withinMs(FIRST_WAIT_MS, reached, () => undefined);
  return {
    get connection() {
      return found().connection;
    },
    get js() {
      return found().js;
    },
    get jsm() {
      return found().jsm;
    },
    reached,
    isConnected: () => open?.isConnected() ?? false,
    close: async () => {
      if (open === null) return;
      // drain waits for the server: when that is gone there is nothing to wait for
      if (open.isConnected()) await open.connection.drain();
      else await open.connection.close();
    },
  };
}

/** Waits until NATS is there. */
export async function connectBus(options: BusOptions): Promise<Bus> {
  const bus = await reachBus(options);
  await bus.reached;
  return bus;
}

const AWAY = [
  errors.TimeoutError,
  errors.RequestError,
  errors.NoRespondersError,
  errors.ConnectionError,
  errors.ClosedConnectionError,
  errors.DrainingConnectionError,
];

/** NATS can't be reached, or does not answer: the same question may be answered later. */
export function isBusAway(error: unknown): boolean {
  return AWAY.some((kind) => error instanceof kind);
}

/** JetStream answered, and refused. @param code for this reason; default: for any */
export function isRefused(error: unknown, code?: number): error is JetStreamApiError {
  return error instanceof JetStreamApiError && (code === undefined || error.code === code);
}

type Reached = Pick<Bus, 'connection' | 'js' | 'jsm' | 'isConnected'>;

async function dial(options: BusOptions): Promise<Reached> {
  const connection = await connect({
    servers: options.url.split(','),
    name: options.name,
    maxReconnectAttempts: -1,
    waitOnFirstConnect: true,
    timeout: DIAL_TIMEOUT_MS,
    reconnectDelayHandler: pacedDials(),
    pingInterval: PING_INTERVAL_MS,
    maxPingOut: 2,
    // Else the second refusal in a process's life ends the connection for good: a password is changed at the server first, or it has no time for us.
    ignoreAuthErrorAbort: true,
    // Else each publish makes two errors in advance, stack traces included: a tenth of the relay's time.
    noAsyncTraces: true,
  });
  let connected = true;
  void (async () => {
    for await (const status of connection.status()) {
      if (status.type === 'staleConnection') dropSocket(connection);
      if (status.type === 'staleConnection' || status.type === 'disconnect') connected = false;
      if (status.type === 'reconnect') connected = true;
    }
  })();
  const jsm = await jetstreamManager(connection, { checkAPI: false, timeout: API_TIMEOUT_MS });
  if (options.url.includes(',')) leaveWhoIsAlone(connection, jsm, options.askEveryMs ?? ASK_EVERY_MS);
  return {
    connection,
    js: jetstream(connection, { timeout: API_TIMEOUT_MS }),
    jsm,
    isConnected: () => connected && !connection.isClosed(),
  };
}

/**
 * A server that has lost the others of its cluster keeps its clients and answers their pings, and can store nothing for them. The others may be well: the
 * next in turn is dialled.
 */
function leaveWhoIsAlone(connection: NatsConnection, jsm: JetStreamManager, everyMs: number): void {
  let unanswered = 0;
  const ask = async (): Promise<void> => {
    unanswered = (await isJetStreamThere(jsm)) ? 0 : unanswered + 1;
    if (unanswered >= MOST_UNANSWERED && !connection.isClosed()) {
      unanswered = 0;
      await connection.reconnect().catch(() => undefined);
    }
    if (!connection.isClosed()) setTimeout(() => void ask(), everyMs).unref();
  };
  setTimeout(() => void ask(), everyMs).unref();
}

/** Whatever it answers it is there, but that it has no leader. */
async function isJetStreamThere(jsm: JetStreamManager): Promise<boolean> {
  try {
    await jsm.getAccountInfo();
    return true;
  } catch (error) {
    return !(isBusAway(error) || (isRefused(error) && error.status === LEADERLESS));
  }
}

/**
 * How long until the next dial, asked before each. The library compares it with the wall clock: after that went back nobody would be dialled until it is
 * where it was. Less than nothing is due by any clock.
 */
function pacedDials(): () => number {
  let dueMs = 0;
  return () => {
    const nowMs = performance.now();
    if (nowMs < dueMs) return dueMs - nowMs;
    dueMs = nowMs + RECONNECT_WAIT_MS * (1 + Math.random());
    return -Infinity;
  };
}

/**
 * Pings were not answered. The library would first send what it has, and wait for that: a quarter of an hour where nothing arrives any more and
 * the send buffer is full, for ever where the peer's machine takes it and its process does not.
 */
function dropSocket(connection: NatsConnection): void {
  const { protocol } = connection as unknown as { protocol?: { transport?: { socket?: Socket } } };
  protocol?.transport?.socket?.destroy();
}

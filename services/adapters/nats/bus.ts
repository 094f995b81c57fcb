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
const API_TIMEOUT_MS = 3_000;
/** Mostly it is there, and who goes on without it has to come back to it. */
const FIRST_WAIT_MS = 1_000;

export interface BusOptions {
  readonly url: string;
  /** shown in NATS's connection list */
  readonly name: string;
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
export function isRefused(error: unknown, code?: number): boolean {
  return error instanceof JetStreamApiError && (code === undefined || error.code === code);
}

type Reached = Pick<Bus, 'connection' | 'js' | 'jsm' | 'isConnected'>;

async function dial(options: BusOptions): Promise<Reached> {
  const connection = await connect({
    servers: options.url.split(','),
    name: options.name,
    maxReconnectAttempts: -1,
    waitOnFirstConnect: true,
    reconnectTimeWait: RECONNECT_WAIT_MS,
    reconnectJitter: RECONNECT_WAIT_MS,
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
      if (status.type === 'disconnect') connected = false;
      if (status.type === 'reconnect') connected = true;
    }
  })();
  return {
    connection,
    js: jetstream(connection, { timeout: API_TIMEOUT_MS }),
    jsm: await jetstreamManager(connection, { checkAPI: false, timeout: API_TIMEOUT_MS }),
    isConnected: () => connected && !connection.isClosed(),
  };
}

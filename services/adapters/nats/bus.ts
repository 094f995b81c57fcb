import { jetstream, jetstreamManager, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';

/** One connection to NATS that never gives up. */
export interface Bus {
  readonly connection: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  isConnected(): boolean;
  /** Sends what is buffered, then closes. */
  close(): Promise<void>;
}

/** A paused server is noticed after two unanswered pings. */
const PING_INTERVAL_MS = 3_000;
const RECONNECT_WAIT_MS = 250;
const API_TIMEOUT_MS = 3_000;

/**
 * Waits until NATS is there. Later losses are mended in the background; meanwhile requests fail by their timeouts.
 * @param options.name shown in NATS's connection list
 */
export async function connectBus(options: { readonly url: string; readonly name: string }): Promise<Bus> {
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
    close: async () => {
      // drain waits for the server: when that is gone there is nothing to wait for
      if (connected) await connection.drain();
      else await connection.close();
    },
  };
}

import { setTimeout } from 'node:timers/promises';
import { Redis } from 'ioredis';

/** A connection that fails fast, and knows which server process it speaks to. */
export interface RedisConnection {
  readonly client: Redis;
  /** `run_id` of the server at the other end, read anew at each connect; null: not connected, or not asked yet */
  runId(): string | null;
  /** Resolves at the first answer. @throws Error after `timeoutMs` */
  whenReady(timeoutMs: number): Promise<void>;
  stop(): void;
}

export interface RedisOptions {
  readonly name: string;
  /** the hot path would rather have no answer than a late one */
  readonly commandTimeoutMs?: number;
}

const RECONNECT_MAX_MS = 500;
const COMMAND_TIMEOUT_MS = 250;
const SHORTEST_SOCKET_TIMEOUT_MS = 1_000;
/** How long a server that has become another's replica is still asked. */
const ROLE_EVERY_MS = 5_000;

/**
 * Nothing queues while Redis is away (commands fail at once) and nothing is sent twice: every caller knows what to do
 * without an answer, and a late repeat of a command is worse than none.
 */
export function connectRedis(url: string, options: RedisOptions): RedisConnection {
  const { commandTimeoutMs = COMMAND_TIMEOUT_MS } = options;
  const client = new Redis(url, {
    connectionName: options.name,
    commandTimeout: commandTimeoutMs,
    // Whoever asks over a flow that the network has forgotten is told nothing: the kernel alone would try for a quarter of an hour.
    socketTimeout: Math.max(SHORTEST_SOCKET_TIMEOUT_MS, 2 * commandTimeoutMs),
    connectTimeout: 1_000,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (times) => Math.min(50 * times, RECONNECT_MAX_MS),
  });
  let runId: string | null = null;
  const ask = async (): Promise<void> => {
    try {
      const [server, replication] = await Promise.all([client.info('server'), client.info('replication')]);
      if (isReplica(replication)) return await leave();
      runId = /^run_id:(\w+)/m.exec(server)?.[1] ?? null;
    } catch {
      // Without a run id nothing is believed; a fresh connection asks again.
      client.disconnect(true);
    }
  };
  const leave = async (): Promise<void> => {
    runId = null;
    await setTimeout(RECONNECT_MAX_MS * (1 + Math.random()), undefined, { ref: false });
    if (runId === null && client.status === 'ready') client.disconnect(true);
  };
  /** After a failover by hand the old server may live on, and its connections with it: both ends would say for ever that all is well. */
  const lookAtRole = async (): Promise<void> => {
    if (runId !== null && isReplica(await client.info('replication').catch(() => ''))) await leave();
  };
  const looking = setInterval(() => void lookAtRole(), ROLE_EVERY_MS).unref();
  client.on('ready', () => void ask());
  client.on('close', () => (runId = null));
  // Reconnecting is ioredis's own business; without a listener each try is printed.
  client.on('error', () => undefined);
  return {
    client,
    runId: () => runId,
    whenReady: (timeoutMs) => ready(() => runId, timeoutMs),
    stop: () => {
      clearInterval(looking);
      client.disconnect();
    },
  };
}

function isReplica(replication: string): boolean {
  return /^role:slave\b/m.test(replication);
}

async function ready(runId: () => string | null, timeoutMs: number): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (runId() === null) {
    if (performance.now() > deadlineMs) throw new Error(`Redis did not answer within ${String(timeoutMs)} ms`);
    await setTimeout(10);
  }
}

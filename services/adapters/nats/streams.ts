import {
  DiscardPolicy,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
  type StreamConfig,
} from '@nats-io/jetstream';
import { isRefused, type Bus } from './bus.ts';

export const LOTS = 'LOTS';
export const DEAD_LETTERS = 'DEADLETTERS';
export const ADVISORIES = 'ADVISORIES';

const NANOS_PER_SECOND = 1_000_000_000;
const DAY_NANOS = 86_400 * NANOS_PER_SECOND;
const NO_STREAM = 10_059;
const NO_ROOM = 10_047;

type Definition = Pick<StreamConfig, 'name' | 'subjects'> & Partial<StreamConfig>;

/** Limits retention everywhere: several services need each event. */
export const STREAMS: readonly Definition[] = [
  {
    name: LOTS,
    subjects: ['lot.>'],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    max_age: 7 * DAY_NANOS,
    duplicate_window: 120 * NANOS_PER_SECOND,
    allow_direct: true,
  },
  {
    // no age: a dead letter stays until an operator replays or discards it, or newer ones fill its share of the disk
    name: DEAD_LETTERS,
    subjects: ['dead.>'],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    duplicate_window: 3_600 * NANOS_PER_SECOND,
    allow_direct: true,
  },
  {
    // an advisory is lost when nobody listens: keep those that say a message will not be delivered again
    name: ADVISORIES,
    subjects: ['$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>', '$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.>'],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    max_age: 7 * DAY_NANOS,
    max_msgs: 100_000,
    allow_direct: true,
  },
];

/**
 * What an update leaves as it finds it unless it is named, and what would lose events: limits by hand. (A stream that was sealed stays so: a person meant it.)
 */
const UNLIMITED = { max_msgs: -1, max_msgs_per_subject: -1, max_msg_size: -1, max_age: 0, no_ack: false } as const;

export interface StreamSizes {
  /** 1 on one server, 3 in production */
  readonly replicas: number;
  /** of the events of lots, an eighth more for dead letters; less than what NATS may store: there it would refuse new events, here the oldest go */
  readonly maxGiB: number;
}

/** Of `maxGiB`. */
const SHARES: Readonly<Record<string, number>> = { [LOTS]: 1, [DEAD_LETTERS]: 1 / 8 };

const SMALL: StreamSizes = { replicas: 1, maxGiB: 3 };

/**
 * Makes the streams that are missing and brings the others to their definition. Safe to call at any time.
 * @param sizes null: who does not know leaves those that are there alone
 * @throws what kept the first one that could not be made or changed as it is, after all others were seen to
 */
export async function ensureStreams(jsm: JetStreamManager, sizes: StreamSizes | null = SMALL): Promise<void> {
  const failures: unknown[] = [];
  for (const definition of STREAMS)
    await ensureStream(jsm, definition, sizes).catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

async function ensureStream(jsm: JetStreamManager, definition: Definition, sizes: StreamSizes | null): Promise<void> {
  const { replicas, maxGiB } = sizes ?? SMALL;
  const config = { ...UNLIMITED, ...definition, num_replicas: replicas };
  const share = SHARES[definition.name];
  const bound = share === undefined ? {} : { max_bytes: Math.round(share * maxGiB * 2 ** 30) };
  // Added once more, a stream with a limit is refused for want of room: the server counts it twice.
  const isNew = !(await isThere(jsm, definition.name));
  const make = async (each: Definition): Promise<unknown> =>
    isNew ? addUnlessThere(jsm, each) : sizes !== null && jsm.streams.update(each.name, each);
  await make({ ...config, ...bound }).catch((error: unknown) => {
    if (!isRefused(error, NO_ROOM)) throw error;
    // The server may store less than that: its own limit is all there is then.
    return make(config);
  });
}

async function isThere(jsm: JetStreamManager, name: string): Promise<boolean> {
  try {
    await jsm.streams.info(name);
    return true;
  } catch (error) {
    if (isRefused(error, NO_STREAM)) return false;
    throw error;
  }
}

/** Another process may have been as quick. */
async function addUnlessThere(jsm: JetStreamManager, config: Definition): Promise<void> {
  await jsm.streams.add(config).catch(async (error: unknown) => {
    if (!isRefused(error) || !(await isThere(jsm, config.name))) throw error;
  });
}

/** Re-creates streams deleted under us: calls within one second share one check. */
export function createStreamKeeper(bus: Pick<Bus, 'jsm'>, sizes: StreamSizes | null = SMALL): () => Promise<void> {
  const ensure = async (): Promise<void> => ensureStreams(bus.jsm, sizes);
  let last: { atMs: number; done: Promise<void> } | null = null;
  return () => {
    const nowMs = performance.now();
    if (last === null || nowMs - last.atMs > 1_000) last = { atMs: nowMs, done: ensure() };
    return last.done;
  };
}

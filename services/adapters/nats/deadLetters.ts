import { fromBinary } from '@bufbuild/protobuf';
import type { StoredMsg } from '@nats-io/jetstream';
import { DeadLetterSchema, type DeadLetter } from '#proto/gen/pahlawan/v1/events_pb.js';
import type { Bus } from './bus.ts';
import type { Publish } from './publish.ts';
import { DEAD_LETTERS } from './streams.ts';

/** What an operator sees of a dead letter. */
export interface DeadLetterItem {
  /** its place in the stream: how it is named in commands */
  readonly seq: number;
  /** RFC 3339 */
  readonly at: string;
  readonly cause: string;
  readonly detail: string;
  /** null: not about a lot */
  readonly lotId: string | null;
  readonly region: string;
  readonly lotVersion: number;
  readonly originalSubject: string;
}

export interface DeadLetterPage {
  readonly items: readonly DeadLetterItem[];
  /** `afterSeq` of the next page; null: this was the last */
  readonly next: number | null;
}

export type ReplayOutcome =
  | { readonly replayed: true; readonly item: DeadLetterItem }
  /** needs-command: send the cell `replay` for item.lotId, then discard it */
  | { readonly replayed: false; readonly because: 'needs-command'; readonly item: DeadLetterItem }
  /** nothing-kept: the original message was too large to be kept; see its detail */
  | { readonly replayed: false; readonly because: 'not-found' | 'nothing-kept' };

export interface DeadLetters {
  /** Oldest first. @param page.limit 1 to 200 */
  list(page: { readonly limit: number; readonly afterSeq?: number }): Promise<DeadLetterPage>;
  get(seq: number): Promise<DeadLetterItem | null>;
  /** @returns false when it was not there */
  discard(seq: number): Promise<boolean>;
  /** An undeliverable message goes out again, with a new message id and the same event id; then its dead letter goes. @throws when NATS refuses it */
  replay(seq: number): Promise<ReplayOutcome>;
  /** How many there are by subject `dead.<region>.<cause>`. */
  counts(): Promise<ReadonlyMap<string, number>>;
}

const MAX_LIMIT = 200;

/** The operator's view of the dead-letter stream. All methods throw when NATS is away. */
export function createDeadLetters(bus: Bus, publish: Publish): DeadLetters {
  const get = async (seq: number): Promise<StoredMsg | null> => {
    const message = await atOrAfter(bus, seq);
    return message?.seq === seq ? message : null;
  };
  return {
    list: ({ limit, afterSeq = 0 }) => list(bus, Math.min(MAX_LIMIT, Math.max(1, limit)), afterSeq),
    get: async (seq) => {
      const message = await get(seq);
      return message === null ? null : itemOf(message);
    },
    discard: async (seq) => (await get(seq)) !== null && bus.jsm.streams.deleteMessage(DEAD_LETTERS, seq),
    replay: async (seq) => {
      const message = await get(seq);
      return message === null ? { replayed: false, because: 'not-found' } : replay(bus, publish, message);
    },
    counts: async () => {
      const { state } = await bus.jsm.streams.info(DEAD_LETTERS, { subjects_filter: 'dead.>' });
      return new Map(Object.entries(state.subjects ?? {}));
    },
  };
}

async function list(bus: Bus, limit: number, afterSeq: number): Promise<DeadLetterPage> {
  const items: DeadLetterItem[] = [];
  for (let seq = afterSeq + 1; ;) {
    const message = await atOrAfter(bus, seq);
    if (message === null) return { items, next: null };
    const last = items.at(-1);
    if (items.length === limit && last !== undefined) return { items, next: last.seq };
    items.push(itemOf(message));
    seq = message.seq + 1;
  }
}

/** The message at this place, or the next one after it. */
function atOrAfter(bus: Bus, seq: number): Promise<StoredMsg | null> {
  return bus.jsm.direct.getMessage(DEAD_LETTERS, { seq, next_by_subj: 'dead.>' });
}

async function replay(bus: Bus, publish: Publish, message: StoredMsg): Promise<ReplayOutcome> {
  const letter = decode(message);
  const item = itemOf(message);
  if (letter?.cause === 'rematch-exhausted') return { replayed: false, because: 'needs-command', item };
  if (letter === null || letter.originalPayload.length === 0) return { replayed: false, because: 'nothing-kept' };
  const outcome = await publish({
    // asked twice, it goes out once
    id: `replay:${letter.deadLetterId}`,
    subject: letter.originalSubject,
    payload: letter.originalPayload,
    traceparent: message.header.get('traceparent') || null,
  });
  if (!outcome.stored) throw new Error(`the dead letter could not be replayed: ${outcome.because}`);
  await bus.jsm.streams.deleteMessage(DEAD_LETTERS, message.seq);
  return { replayed: true, item };
}

function itemOf(message: StoredMsg): DeadLetterItem {
  const letter = decode(message);
  const [, region = '', cause = ''] = message.subject.split('.');
  return {
    seq: message.seq,
    at: message.time.toISOString(),
    cause: letter?.cause ?? cause,
    detail: letter?.detail ?? 'not readable as a dead letter',
    lotId: letter === null || letter.lotId === '' ? null : letter.lotId,
    region: letter?.region ?? region,
    lotVersion: letter?.lotVersion ?? 0,
    originalSubject: letter?.originalSubject ?? '',
  };
}

/** null: somebody published something else there */
function decode(message: StoredMsg): DeadLetter | null {
  try {
    return fromBinary(DeadLetterSchema, message.data);
  } catch {
    return null;
  }
}

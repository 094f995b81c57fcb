import { create, toBinary } from '@bufbuild/protobuf';
import { DeadLetterSchema } from '#proto/gen/pahlawan/v1/events_pb.js';
import { newUuid } from '#adapters/ids/uuid.ts';
import type { BusMessage } from './publish.ts';

/** rematch-exhausted: nobody took the lot · undeliverable: a message could not be published or processed */
export const DEAD_LETTER_CAUSES = ['rematch-exhausted', 'undeliverable'] as const;
export type DeadLetterCause = (typeof DEAD_LETTER_CAUSES)[number];

export interface DeadLetterFacts {
  readonly cause: DeadLetterCause;
  readonly detail: string;
  readonly originalSubject: string;
  /** left out when it is too large to be a message at all */
  readonly originalPayload: Uint8Array | null;
  /** null: not about a lot */
  readonly lotId: string | null;
  readonly region: string;
  readonly lotVersion: number;
  readonly traceparent: string | null;
}

/** @param id Nats-Msg-Id: the same failure is one dead letter, however often it is met */
export function deadLetterMessage(id: string, facts: DeadLetterFacts, nowMs: number): BusMessage {
  const letter = create(DeadLetterSchema, {
    deadLetterId: newUuid(nowMs),
    cause: facts.cause,
    detail: facts.detail.slice(0, 500),
    originalSubject: facts.originalSubject,
    originalPayload: facts.originalPayload ?? new Uint8Array(),
    lotId: facts.lotId ?? '',
    region: facts.region,
    lotVersion: facts.lotVersion,
    atMs: BigInt(nowMs),
  });
  return {
    id,
    subject: `dead.${facts.region}.${facts.cause}`,
    payload: toBinary(DeadLetterSchema, letter),
    traceparent: facts.traceparent,
  };
}

/** The region in a subject `lot.<region>.<state>` or `dead.<region>.<cause>`; `none` when there is none. */
export function regionOfSubject(subject: string): string {
  const region = subject.split('.')[1] ?? '';
  return /^[0-9a-f]{1,16}$/.test(region) ? region : 'none';
}

import { fromBinary } from '@bufbuild/protobuf';
import { CellUnavailable, type CellClient } from '#cell/contract.ts';
import { cellOf } from '#core/words/ids.ts';
import { DONE, type Delivery, type Outcome } from '#adapters/nats/consume.ts';
import { DeadLetterSchema, type DeadLetter } from '#proto/gen/pahlawan/v1/events_pb.js';
import { ourLotIdIn } from '../lotEvent.ts';
import type { AlertBook } from './alertBook.ts';

export interface EscalatePorts {
  readonly cells: Pick<CellClient, 'send'>;
  readonly alertBook: Pick<AlertBook, 'note'>;
}

/**
 * A dead letter: the food bank of last resort is assigned first, then somebody is told. The letter itself stays in its
 * stream until an operator replays or discards it.
 */
export function createEscalator(ports: EscalatePorts): (delivery: Delivery) => Promise<Outcome> {
  return async (delivery) => {
    const letter = read(delivery.payload);
    if (letter?.cause === 'rematch-exhausted') {
      const outcome = await assignFallback(ports, letter, delivery.traceparent);
      if (!('done' in outcome)) return outcome;
    }
    await ports.alertBook.note(delivery.subject);
    return DONE;
  };
}

async function assignFallback(ports: EscalatePorts, letter: DeadLetter, traceparent: string | null): Promise<Outcome> {
  const lotId = ourLotIdIn(letter.lotId);
  if (lotId === null) return { dead: 'no lot id of ours' };
  const version = letter.lotVersion;
  const command = {
    kind: 'fallback',
    id: `fallback:${lotId}:${String(version)}`,
    fingerprint: null,
    lotId,
    version,
  } as const;
  try {
    await ports.cells.send(cellOf(lotId), command, { traceparent });
    return DONE;
  } catch (error) {
    if (error instanceof CellUnavailable) return { retry: error.message };
    throw error;
  }
}

function read(payload: Uint8Array): DeadLetter | null {
  try {
    return fromBinary(DeadLetterSchema, payload);
  } catch {
    return null;
  }
}

/** Letters about one lot are handled one after the other. */
export function letterKeyOf(delivery: Delivery): string {
  return read(delivery.payload)?.lotId ?? '';
}

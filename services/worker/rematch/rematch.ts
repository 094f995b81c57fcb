import { MAX_TRIES } from '#core/lots/policy.ts';
import { cellOf, parseLotId } from '#core/words/ids.ts';
import type { CellClient } from '#cell/contract.ts';
import { CellUnavailable } from '#cell/contract.ts';
import { DONE, type Delivery, type Outcome } from '#adapters/nats/consume.ts';
import { deadLetterMessage } from '#adapters/nats/deadLetter.ts';
import type { Publish } from '#adapters/nats/publish.ts';
import { readLotEvent, type LotEventOf } from '../lotEvent.ts';

/** Half a minute: in a longer outage the sweep asks alone, and no operator finds as many dead letters as lots were due. */
const LAST_DELIVERY = 6;

export interface RematchPorts {
  readonly cells: Pick<CellClient, 'send'>;
  readonly publish: Publish;
  /** PostgreSQL's time */
  readonly nowMs: () => number;
}

/**
 * RematchRequired: the cell is asked for the next offer, or, when all tries are used up, the lot goes to the dead
 * letters, where the escalator finds it. Both are idempotent by lot and version, and the sweep does the same a few
 * seconds later if this message is lost.
 */
export function createRematcher(ports: RematchPorts): (delivery: Delivery) => Promise<Outcome> {
  return async (delivery) => {
    const event = readLotEvent(delivery.payload);
    if (event === null) return { dead: 'not readable as a lot event' };
    if (!event.rematchRequired) return DONE;
    return event.lot.tries < MAX_TRIES ? askCell(ports, event, delivery) : exhausted(ports, event, delivery);
  };
}

async function askCell(ports: RematchPorts, event: LotEventOf, delivery: Delivery): Promise<Outcome> {
  const { id, version } = event.lot;
  const lotId = parseLotId(id)?.id;
  if (lotId === undefined) return { dead: 'no lot id', lotVersion: version };
  const command = {
    kind: 'rematch',
    id: `rematch:${lotId}:${String(version)}`,
    fingerprint: null,
    lotId,
    version,
  } as const;
  try {
    await ports.cells.send(cellOf(lotId), command, { traceparent: delivery.traceparent });
    return DONE;
  } catch (error) {
    if (!(error instanceof CellUnavailable)) throw error;
    return delivery.deliveries < LAST_DELIVERY ? { retry: error.message } : DONE;
  }
}

/** Of food that is past its time there is nothing left to do: a consumer made anew reads a week of such events. */
async function exhausted(ports: RematchPorts, event: LotEventOf, delivery: Delivery): Promise<Outcome> {
  const { id, version, region, tries } = event.lot;
  if (Number(event.lot.safeUntilMs) <= ports.nowMs()) return DONE;
  const outcome = await ports.publish(
    deadLetterMessage(
      `rematch-exhausted:${id}:${String(version)}`,
      {
        cause: 'rematch-exhausted',
        detail: `nobody took it in ${String(tries)} tries`,
        originalSubject: delivery.subject,
        originalPayload: delivery.payload,
        lotId: id,
        region,
        lotVersion: version,
        traceparent: delivery.traceparent,
      },
      Date.now(),
    ),
  );
  return outcome.stored ? DONE : { retry: outcome.because };
}

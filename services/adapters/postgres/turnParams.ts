/** Turns of one region as the parameters of write_turns. */
import { signedIdOf } from '#core/geo/cell.ts';
import type { LotChange } from '#core/lots/decide.ts';
import type { RegionToken } from '#core/words/ids.ts';
import type { TurnWrite } from '#cell/ports.ts';
import { encodeLotEvent, subjectOf } from '../events/encode.ts';
import { newUuid } from '../ids/uuid.ts';
import { changedLotParam, historyParam, newLotParam, offerParam } from './lotRows.ts';

/** In the order of the function's arguments: the region, cells, when it is too late, then the lists of `rowsOf`. */
export type TurnParams = readonly [region: string, cells: unknown[], notAfter: string, ...lists: unknown[][]];

/** Cells in one order for all, so that no two statements wait for each other. @param turns of one region, not empty */
export function turnParams(turns: readonly TurnWrite[], region: RegionToken): TurnParams {
  const cells = turns.map(({ cell, epoch }) => ({ cell_id: signedIdOf(cell), epoch }));
  cells.sort((one, other) => (one.cell_id < other.cell_id ? -1 : 1));
  const notAfterMs = Math.min(...turns.map((turn) => turn.notAfterMs));
  const lists = turns.map(rowsOf);
  const together = (lists[0] ?? []).map((_, n) => lists.flatMap((list) => list[n] ?? []));
  return [signedIdOf(region), cells, new Date(notAfterMs).toISOString(), ...together];
}

/** Commands, new lots, lots, new offers, offers, history, outbox, days. */
function rowsOf(turn: TurnWrite): unknown[][] {
  const nowMs = turn.decidedAtMs;
  const created = turn.changes.filter((change) => change.before === null);
  const changed = turn.changes.filter((change) => change.before !== null);
  const commands = turn.commands.map(({ command, answer }) => ({
    command_id: command.id,
    kind: command.kind,
    fingerprint: command.fingerprint,
    answer,
  }));
  return [
    commands,
    created.map(({ after }) => ({ ...newLotParam(after, nowMs), cell_id: signedIdOf(turn.cell) })),
    changed.map(({ before, after }) => changedLotParam(after, before?.version ?? 0, nowMs)),
    turn.changes.flatMap(newOffers),
    changed.flatMap(changedOffers),
    turn.changes.flatMap(({ transitions }) => transitions.map(historyParam)),
    turn.changes.filter(({ transitions }) => transitions.length > 0).map((change) => outboxParam(change, turn)),
    turn.collected.map((each) => ({
      recipient_id: each.recipientId,
      day: each.day,
      quantity_grams: each.quantityGrams,
    })),
  ];
}

function newOffers({ before, after }: LotChange) {
  return after.offers.slice(before?.offers.length ?? 0).map((offer) => offerParam(after, offer));
}

/** Offers that were there and are not the same object any more. */
function changedOffers({ before, after }: LotChange) {
  const had = before?.offers ?? [];
  return after.offers
    .slice(0, had.length)
    .flatMap((offer, index) => (offer === had[index] ? [] : [offerParam(after, offer)]));
}

function outboxParam(change: LotChange, turn: TurnWrite) {
  const outboxId = newUuid(turn.decidedAtMs);
  const traceparent = turn.traceparents.get(change.after.id) ?? null;
  const payload = encodeLotEvent(change, outboxId, turn.decidedAtMs, traceparent);
  return {
    outbox_id: outboxId,
    lot_id: change.after.id,
    lot_version: change.after.version,
    subject: subjectOf(change.after),
    payload: Buffer.from(payload).toString('base64'),
    traceparent,
  };
}

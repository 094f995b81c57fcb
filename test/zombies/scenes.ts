/** Each kind of turn that people or time bring about: how far a lot has come before the command, and the command. */
import type { Command, Post } from '#core/lots/command.ts';
import { MAX_TRIES, MAX_WRONG_CODES } from '#core/lots/policy.ts';
import type { CellToken, DonorId, LotId, OfferId, RecipientId } from '#core/words/ids.ts';
import { breadIn } from '../cell/bread.ts';
import { handoverCode } from '../cell/worldPorts.ts';

export const CELL = '46920bd' as CellToken;

/** A lot that was offered, and where it has come to since. */
export interface Offered {
  readonly lotId: LotId;
  readonly version: number;
  readonly offer: { readonly offerId: OfferId; readonly recipientId: RecipientId };
}

type Asked = (lot: Offered) => Command;

export interface Scene {
  readonly before?: readonly Asked[];
  /** SQL that makes something due: the cache of who owned the cell before would not know */
  readonly due?: string;
  readonly of: Asked;
}

const PAST = `now() - interval '1 second'`;
const LONG_PAST = `now() - interval '2 hours'`;
let series = 0;

function person(verb: string): { id: string; fingerprint: string } {
  return { id: `${verb}-${String(series++)}`, fingerprint: 'x' };
}

export function postOf(): Post {
  return { ...person('post'), ...breadIn(CELL) };
}

export function cancelOf({ lotId }: Pick<Offered, 'lotId'>): Command {
  return { ...person('cancel'), kind: 'cancel', lotId, donorId: null, ifVersion: null };
}

/** Of an event or of time: nobody's, so without a fingerprint. */
function unasked(verb: string): { id: string; fingerprint: null } {
  return { id: `${verb}-${String(series++)}`, fingerprint: null };
}

function accept(quantityGrams: number | null): Asked {
  return ({ offer }) => ({ ...person('accept'), kind: 'accept', ...offer, quantityGrams });
}

const decline: Asked = ({ offer }) => ({ ...person('decline'), kind: 'decline', ...offer, reason: 'full' });

function handover(quantityGrams: number | null): Asked {
  return ({ offer }) => {
    const code = handoverCode(offer.offerId, offer.recipientId, 1);
    return { ...person('handover'), kind: 'handover', ...offer, code, quantityGrams };
  };
}

const wrongCode: Asked = ({ offer }) => {
  return { ...person('wrong'), kind: 'handover', ...offer, code: 'no code', quantityGrams: null };
};
const wake: Asked = ({ lotId }) => ({ ...unasked('wake'), kind: 'wake', lotId });

export const SCENES: Readonly<Record<string, Scene>> = {
  post: { of: postOf },
  accept: { of: accept(null) },
  'accept of a part': { of: accept(2_000) },
  decline: { of: decline },
  cancel: { of: cancelOf },
  release: {
    before: [accept(null)],
    of: ({ offer }) => ({ ...person('release'), kind: 'release', ...offer, reason: 'no car' }),
  },
  handover: { before: [accept(null)], of: handover(null) },
  'handover of a part': { before: [accept(null)], of: handover(3_000) },
  'handover with a wrong code': { before: [accept(null)], of: wrongCode },
  'a new code': {
    before: [accept(null), ...Array.from({ length: MAX_WRONG_CODES }, () => wrongCode)],
    of: ({ offer: { offerId } }) => ({ ...person('renew'), kind: 'renew-code', offerId, donorId: 'd' as DonorId }),
  },
  rematch: {
    before: [decline],
    of: ({ lotId, version }) => ({ ...unasked('rematch'), kind: 'rematch', lotId, version }),
  },
  fallback: {
    before: [decline],
    of: ({ lotId, version }) => ({ ...unasked('fallback'), kind: 'fallback', lotId, version }),
  },
  'wake for a lapse': {
    due: `update offer set deadline = ${PAST}; update lot set next_action_at = ${PAST}`,
    of: wake,
  },
  'wake for another search': { before: [decline], due: `update lot set next_action_at = ${PAST}`, of: wake },
  'wake for the food bank': {
    before: [decline],
    due: `update lot set next_action_at = ${PAST}, tries = ${String(MAX_TRIES)}`,
    of: wake,
  },
  'wake for an expiry': { due: `update lot set safe_until = ${PAST}, next_action_at = ${PAST}`, of: wake },
  'wake for a reminder': {
    before: [accept(null)],
    due: `update lot set pickup_by = ${PAST}, next_action_at = ${PAST}`,
    of: wake,
  },
  'wake for a claim that was not collected': {
    before: [accept(null)],
    due: `update lot set pickup_by = ${PAST}, next_action_at = ${PAST}, reminded = true`,
    of: wake,
  },
  'wake for a claim past safe-until': {
    before: [accept(null)],
    due: `update lot set safe_until = ${PAST}, next_action_at = ${PAST}`,
    of: wake,
  },
  'wake for a claim that expires': {
    before: [accept(null)],
    due: `update lot set safe_until = ${LONG_PAST}, next_action_at = ${PAST}`,
    of: wake,
  },
};

/** The laws of the house, each a pure function over what a campaign left behind. Empty: it held. */
import { isEnd, NEXT_STATES, type LotState } from '#core/lots/lot.ts';
import { canonicalJson } from '../../services/api/idempotency/key.ts';
import type { Breach } from './breach.ts';
import type { Evidence, LotRow, StepRow } from './evidence.ts';
import { keepsAreOffered, refusalsHaveReasons } from './served.ts';
import { eventsOfSteps } from './trueTime.ts';
import type { Operation, OperationKind } from './operations.ts';

type Law = (seen: Evidence) => readonly Omit<Breach, 'law'>[];

/** Later than this, an open lot has been forgotten. */
const OVERDUE_MS = 60_000;
/** How far the clocks of hosts and the campaign may lie apart, with a decision's way to its commit. */
const CLOCK_SLACK_MS = 1_000;
/** An event's time is its transaction's beginning. */
const EARLY_SLACK_MS = 250;
/** Of two cells' turns, which was decided first is known only so well. */
const CAPACITY_SLACK_MS = 250;

const LAWS: Readonly<Record<string, Law>> = {
  'grams are conserved': gramsAreConserved,
  'no answered post is lost': postsAreKept,
  'no post takes effect twice': postsAreOnce,
  'a lot ends once': lotsEndOnce,
  'versions follow each other': versionsAreContiguous,
  'one live offer a lot': oneLiveOffer,
  'capacity is never exceeded': capacityHolds,
  'the day book equals the handovers': dayBookBalances,
  'what people did happened once': effectsAreOnce,
  'the same key has the same answer': sameKeySameAnswer,
  'every event is published': outboxIsEmpty,
  'every event is dealt with': consumersAreDone,
  'events of a lot come in order': streamIsInOrder,
  'epochs rise': epochsRise,
  'no write by a replaced owner': fenceHolds,
  'nothing ends before its time': nothingIsEarly,
  'capacity comes back': capacityComesBack,
  'everybody can be found again': everybodyIsFound,
  'what keeps is offered within a minute': keepsAreOffered,
  'nobody is refused without a reason': refusalsHaveReasons,
};

export const LAW_NAMES = Object.keys(LAWS);

/** All breaches, in the order of the laws. */
export function brokenLaws(seen: Evidence): Breach[] {
  return Object.entries(LAWS).flatMap(([law, broken]) => broken(seen).map((breach) => ({ law, ...breach })));
}

function gramsAreConserved({ lots, ledger }: Evidence): Omit<Breach, 'law'>[] {
  const found: Omit<Breach, 'law'>[] = [];
  for (const family of groupBy(lots, (lot) => lot.rootId).values()) {
    const posted = sum(family, (lot) => lot.postedGrams);
    const held = sum(family, (lot) => lot.grams);
    if (posted !== held)
      found.push({
        what: `${family[0]?.rootId ?? ''}: posted ${g(posted)}, its lots hold ${g(held)}`,
        evidence: family,
      });
  }
  const accounted = ledger.collectedGrams + ledger.expiredGrams + ledger.cancelledGrams + ledger.openGrams;
  if (ledger.postedGrams !== accounted)
    found.push({
      what: `the API's books: posted ${g(ledger.postedGrams)}, accounted ${g(accounted)}`,
      evidence: [ledger],
    });
  const rows = sum(lots, (lot) => lot.postedGrams);
  if (ledger.postedGrams !== rows)
    found.push({ what: `the API says ${g(ledger.postedGrams)} posted, PostgreSQL ${g(rows)}`, evidence: [ledger] });
  return found;
}

/** Each 2xx post is there, as it was asked for, and is ended or has its next action ahead. */
function postsAreKept({ operations, lots, takenAtMs }: Evidence): Omit<Breach, 'law'>[] {
  const byId = new Map(lots.map((lot) => [lot.lotId, lot]));
  const lost = operations.filter(isOk('post')).flatMap((post) => {
    const lot = byId.get(post.lot ?? '');
    if (lot === undefined) return [{ what: `${String(post.lot)} was answered 2xx and is not there`, evidence: [post] }];
    if (lot.postedGrams === post.grams && lot.donorId === post.process) return [];
    return [{ what: `${lot.lotId} is not what was posted`, evidence: [post, lot] }];
  });
  const forgotten = lots.filter((lot) => lot.nextActionAtMs !== null && lot.nextActionAtMs < takenAtMs - OVERDUE_MS);
  return [
    ...lost,
    ...forgotten.map((lot) => ({
      what: `${lot.lotId} is ${lot.state}, overdue for ${String(Math.round((takenAtMs - (lot.nextActionAtMs ?? 0)) / 1000))} s`,
      evidence: [lot],
    })),
  ];
}

/** A post's note is its key: one root a key, none where it was refused. */
function postsAreOnce({ operations, lots }: Evidence): Omit<Breach, 'law'>[] {
  const roots = groupBy(
    lots.filter((lot) => lot.parentId === null && lot.note !== null),
    (lot) => lot.note ?? '',
  );
  return operations
    .filter((each) => each.kind === 'post')
    .flatMap((post) => {
      const made = roots.get(post.key) ?? [];
      const most = post.outcome === 'fail' ? 0 : 1;
      if (made.length <= most && (post.outcome !== 'ok' || made[0]?.lotId === post.lot)) return [];
      return [{ what: `${post.key} (${post.outcome}) made ${String(made.length)} lots`, evidence: [post, ...made] }];
    });
}

function lotsEndOnce({ lots, steps }: Evidence): Omit<Breach, 'law'>[] {
  const stepsOf = groupBy(steps, (step) => step.lotId);
  return lots.flatMap((lot) => {
    const ends = (stepsOf.get(lot.lotId) ?? []).filter((step) => isEnd(step.to as LotState));
    const isEnded = isEnd(lot.state as LotState);
    if (ends.length === (isEnded ? 1 : 0)) return [];
    return [{ what: `${lot.lotId} is ${lot.state} and ended ${String(ends.length)} times`, evidence: [lot, ...ends] }];
  });
}

function versionsAreContiguous({ lots, steps }: Evidence): Omit<Breach, 'law'>[] {
  const stepsOf = groupBy(steps, (step) => step.lotId);
  return lots.flatMap((lot) => {
    const own = byVersion(stepsOf.get(lot.lotId) ?? []);
    const why = brokenChain(lot, own);
    return why === null ? [] : [{ what: `${lot.lotId}: ${why}`, evidence: [lot, ...own] }];
  });
}

function brokenChain(lot: LotRow, own: readonly StepRow[]): string | null {
  for (const [index, step] of own.entries()) {
    const before = own[index - 1] ?? null;
    if (step.version !== index + 1) return `version ${String(step.version)} stands in place ${String(index + 1)}`;
    if (step.from !== (before?.to ?? null)) return `version ${String(step.version)} comes from ${String(step.from)}`;
    if (before !== null && !NEXT_STATES[before.to as LotState].includes(step.to as LotState))
      return `no way from ${before.to} to ${step.to}`;
  }
  const last = own.at(-1);
  if (last?.version === lot.version && last.to === lot.state) return null;
  return `the lot is ${lot.state} at version ${String(lot.version)}, its history ends otherwise`;
}

/** In the history an offer begins only when none lives; in the rows at most the last one lives. */
function oneLiveOffer({ lots, offers, steps }: Evidence): Omit<Breach, 'law'>[] {
  const found: Omit<Breach, 'law'>[] = [];
  for (const [lotId, own] of groupBy(steps, (step) => step.lotId)) {
    let live: string | null = null;
    for (const step of byVersion(own)) {
      if (step.to === 'offered' && live !== null)
        found.push({ what: `${lotId} is offered while ${live} lives`, evidence: byVersion(own) });
      if (step.to === 'claimed' && step.offerId !== live)
        found.push({
          what: `${lotId}: ${String(step.offerId)} is claimed, ${String(live)} lives`,
          evidence: byVersion(own),
        });
      live = step.to === 'offered' || step.to === 'claimed' ? step.offerId : null;
    }
  }
  const offersOf = groupBy(offers, (offer) => offer.lotId);
  for (const lot of lots) {
    const own = offersOf.get(lot.lotId) ?? [];
    const live = own.filter((offer) => offer.state === 'open' || offer.state === 'claimed');
    const expected = { offered: 'open', claimed: 'claimed' }[lot.state];
    const isRight = expected === undefined ? live.length === 0 : live.length === 1 && live[0]?.state === expected;
    if (!isRight)
      found.push({
        what: `${lot.lotId} is ${lot.state} with ${String(live.length)} live offers`,
        evidence: [lot, ...own],
      });
    if (new Set(own.map((offer) => offer.attempt)).size !== own.length)
      found.push({ what: `${lot.lotId} has two offers of one attempt`, evidence: own });
  }
  return found;
}

/** Replays who holds what. What is given back counts a little earlier, because two hosts decided. */
function capacityHolds({ recipients, steps }: Evidence): Omit<Breach, 'law'>[] {
  const found: Omit<Breach, 'law'>[] = [];
  const moves = holdings(steps);
  for (const recipient of recipients) {
    const zone = new Intl.DateTimeFormat('en-CA', { timeZone: recipient.timeZone });
    let openGrams = 0;
    const collected = new Map<string, number>();
    for (const move of moves.get(recipient.recipientId) ?? []) {
      const day = zone.format(move.atMs);
      openGrams += move.openGrams;
      collected.set(day, (collected.get(day) ?? 0) + move.collectedGrams);
      const dayGrams = openGrams + (collected.get(day) ?? 0);
      if (move.openGrams <= 0) continue;
      if (openGrams > recipient.capacityGrams || dayGrams > recipient.dailyCapacityGrams) {
        const what = `${recipient.recipientId} holds ${g(openGrams)} of ${g(recipient.capacityGrams)}, its day ${g(dayGrams)} of ${g(recipient.dailyCapacityGrams)}`;
        found.push({ what, evidence: [recipient, move.step] });
        break;
      }
    }
  }
  return found;
}

interface Holding {
  readonly atMs: number;
  readonly openGrams: number;
  readonly collectedGrams: number;
  readonly step: StepRow;
}

/** By recipient, in order of time: grams it gets offered, gives back, collects. */
export function holdings(steps: readonly StepRow[]): Map<string, Holding[]> {
  const moves = new Map<string, Holding[]>();
  const add = (recipientId: string, holding: Holding): void => {
    const own = moves.get(recipientId);
    if (own === undefined) moves.set(recipientId, [holding]);
    else own.push(holding);
  };
  for (const own of groupBy(steps, (step) => step.lotId).values()) {
    let held: { recipientId: string; grams: number } | null = null;
    for (const step of byVersion(own)) {
      const holds: { recipientId: string; grams: number } | null =
        (step.to === 'offered' || step.to === 'claimed') && step.recipientId !== null
          ? { recipientId: step.recipientId, grams: step.grams }
          : null;
      const change = (holds?.grams ?? 0) - (held?.grams ?? 0);
      const who = holds?.recipientId ?? held?.recipientId;
      const collectedGrams = step.to === 'collected' ? step.grams : 0;
      const atMs = change < 0 ? step.atMs - CAPACITY_SLACK_MS : step.atMs;
      if (who !== undefined && (change !== 0 || collectedGrams > 0))
        add(who, { atMs, openGrams: change, collectedGrams, step });
      held = holds;
    }
  }
  for (const own of moves.values()) own.sort((a, b) => a.atMs - b.atMs);
  return moves;
}

function dayBookBalances({ recipients, steps }: Evidence): Omit<Breach, 'law'>[] {
  const collected = groupBy(
    steps.filter((step) => step.to === 'collected'),
    (step) => step.recipientId ?? '',
  );
  return recipients.flatMap((recipient) => {
    const own = collected.get(recipient.recipientId) ?? [];
    const grams = sum(own, (step) => step.grams);
    if (grams === recipient.bookedGrams) return [];
    const what = `${recipient.recipientId} collected ${g(grams)}, its day book says ${g(recipient.bookedGrams)}`;
    return [{ what, evidence: [recipient, ...own] }];
  });
}

const REASON_OF: Partial<Record<OperationKind, string>> = {
  accept: 'accepted',
  decline: 'declined',
  release: 'released',
  handover: 'collected',
  cancel: 'cancelled',
};

/** Each 2xx answer has its one step, in its time; each step that people cause has somebody who asked for it. */
function effectsAreOnce(seen: Evidence): Omit<Breach, 'law'>[] {
  return [...missingEffects(seen), ...unaskedEffects(seen)];
}

function missingEffects({ operations, steps }: Evidence): Omit<Breach, 'law'>[] {
  const byOffer = groupBy(steps, (step) => `${step.reason} ${step.offerId ?? ''}`);
  return operations.flatMap((operation) => {
    const reason = REASON_OF[operation.kind];
    if (operation.outcome !== 'ok' || reason === undefined || operation.kind === 'cancel') return [];
    const own = byOffer.get(`${reason} ${operation.offer ?? ''}`) ?? [];
    if (own.length === 1 && own.every((step) => isWithin(step, operation))) return [];
    const what = `${operation.kind} of ${String(operation.offer)} was answered 2xx and happened ${String(own.length)} times, or at another time`;
    return [{ what, evidence: [operation, ...own] }];
  });
}

function unaskedEffects({ operations, steps, lots }: Evidence): Omit<Breach, 'law'>[] {
  const rootOf = new Map(lots.map((lot) => [lot.lotId, lot.rootId]));
  const asked = groupBy(
    operations.filter((each) => each.outcome !== 'fail'),
    (each) => `${each.kind} ${each.kind === 'cancel' ? (each.lot ?? '') : (each.offer ?? '')}`,
  );
  const causes = (step: StepRow): Operation[] => {
    const of = (kind: OperationKind): Operation[] => asked.get(`${kind} ${step.offerId ?? ''}`) ?? [];
    // A fallback offer needs no accept: its handover claims and collects.
    if (step.reason === 'accepted') return [...of('accept'), ...of('handover')];
    if (step.reason === 'collected') return of('handover');
    if (step.reason === 'declined') return of('decline');
    if (step.reason === 'released') return of('release');
    return asked.get(`cancel ${rootOf.get(step.lotId) ?? ''}`) ?? [];
  };
  const peoples = new Set(Object.values(REASON_OF));
  return steps
    .filter((step) => peoples.has(step.reason) && !causes(step).some((each) => isWithin(step, each)))
    .map((step) => ({ what: `${step.lotId} was ${step.reason} and nobody asked for it then`, evidence: [step] }));
}

function isWithin(step: StepRow, operation: Operation): boolean {
  const from = operation.invokedAtMs - CLOCK_SLACK_MS;
  return step.atMs >= from && step.atMs <= (operation.endedAtMs ?? Number.POSITIVE_INFINITY) + CLOCK_SLACK_MS;
}

function sameKeySameAnswer({ repeats }: Evidence): Omit<Breach, 'law'>[] {
  return repeats
    .filter(({ first, again }) => canonicalJson(first) !== canonicalJson(again))
    .map((repeat) => ({ what: `${repeat.key} was answered in two ways`, evidence: [repeat] }));
}

function outboxIsEmpty({ outbox, lots }: Evidence): Omit<Breach, 'law'>[] {
  const waiting = outbox.filter((event) => !event.published);
  const latest = new Map<string, number>();
  for (const { lotId, version } of outbox) latest.set(lotId, Math.max(version, latest.get(lotId) ?? 0));
  const silent = lots.filter((lot) => latest.get(lot.lotId) !== lot.version);
  return [
    ...waiting.map((event) => ({ what: `${event.outboxId} is not published`, evidence: [event] })),
    ...silent.map((lot) => ({ what: `${lot.lotId} has no event of version ${String(lot.version)}`, evidence: [lot] })),
  ];
}

/** Rematched, told, escalated: the sweep does without, but late, and tells nobody. */
function consumersAreDone({ consumers }: Evidence): Omit<Breach, 'law'>[] {
  return consumers
    .filter(({ left }) => left !== 0)
    .map((each) => {
      const what = each.left === null ? 'is not there' : `has ${String(each.left)} messages left`;
      return { what: `the consumer ${each.durable} of ${each.stream} ${what}`, evidence: [each] };
    });
}

/** Rising versions, apart from exact repeats of the outbox's events; and of what is younger than the stream, all. */
function streamIsInOrder({ stream, outbox, streamSinceMs }: Evidence): Omit<Breach, 'law'>[] {
  const found: Omit<Breach, 'law'>[] = [];
  const written = new Map(outbox.map((event) => [`${event.lotId} ${String(event.version)}`, event]));
  const seen = new Set<string>();
  const highest = new Map<string, number>();
  for (const message of [...stream].sort((a, b) => a.seq - b.seq)) {
    const name = `${message.lotId} ${String(message.version)}`;
    const event = written.get(name);
    if (event?.digest !== message.digest)
      found.push({ what: `${name} is not what PostgreSQL wrote`, evidence: [message, event] });
    const isOld = (event?.writtenAtMs ?? 0) < streamSinceMs;
    const before = highest.get(message.lotId) ?? 0;
    if (message.version < before && !seen.has(name) && !isOld)
      found.push({ what: `${name} comes after version ${String(before)}`, evidence: [message] });
    seen.add(name);
    highest.set(message.lotId, Math.max(before, message.version));
  }
  for (const [name, event] of written) {
    if (event.published && event.writtenAtMs > streamSinceMs && !seen.has(name))
      found.push({ what: `${name} is marked as published and is not in the stream`, evidence: [event] });
  }
  return found;
}

function epochsRise({ activations }: Evidence): Omit<Breach, 'law'>[] {
  return [...groupBy(activations, (each) => each.cell)].flatMap(([cell, own]) => {
    const ordered = [...own].sort((a, b) => a.seq - b.seq);
    return ordered
      .filter((each, index) => index > 0 && each.epoch <= (ordered[index - 1]?.epoch ?? 0))
      .map((each) => ({ what: `cell ${cell}: epoch ${String(each.epoch)} again or lower`, evidence: ordered }));
  });
}

function fenceHolds({ staleWrites }: Evidence): Omit<Breach, 'law'>[] {
  return staleWrites.map((write) => ({
    what: `cell ${write.cell}: a turn of epoch ${String(write.epoch)} was written under epoch ${String(write.ownersEpoch)}`,
    evidence: [write],
  }));
}

/** An offer lapses after its deadline, a lot expires after its safe-until: by PostgreSQL's clock, whatever others show. */
function nothingIsEarly({ steps, offers, lots, outbox }: Evidence): Omit<Breach, 'law'>[] {
  const deadlines = new Map(offers.map((offer) => [offer.offerId, offer.deadlineMs]));
  const safe = new Map(lots.map((lot) => [lot.lotId, lot.safeUntilMs]));
  const eventOf = eventsOfSteps(outbox);
  const notBeforeMs = (step: StepRow): number => {
    if (step.reason === 'lapsed') return deadlines.get(step.offerId ?? '') ?? 0;
    return step.reason === 'expired' ? (safe.get(step.lotId) ?? 0) : 0;
  };
  return steps.flatMap((step) => {
    const earlyMs = notBeforeMs(step) - (eventOf(step)?.createdAtMs ?? Number.POSITIVE_INFINITY);
    if (earlyMs <= EARLY_SLACK_MS) return [];
    return [{ what: `${step.lotId} was ${step.reason} ${String(Math.round(earlyMs))} ms early`, evidence: [step] }];
  });
}

/** When all has ended nobody holds anything: a counter that leaks starves its recipient. */
function capacityComesBack({ counters, lots }: Evidence): Omit<Breach, 'law'>[] {
  if (lots.some((lot) => lot.nextActionAtMs !== null)) return [];
  return counters
    .filter(({ openGrams }) => openGrams !== 0)
    .map((counter) => ({
      what: `${counter.recipientId} has ${g(counter.openGrams)} open after all`,
      evidence: [counter],
    }));
}

/** Nobody of the city pauses: who isn't in the index, or only in part, is offered nothing any more. */
function everybodyIsFound({ counters, recipients }: Evidence): Omit<Breach, 'law'>[] {
  const byId = new Map(counters.map((counter) => [counter.recipientId, counter]));
  return recipients
    .filter(({ recipientId }) => byId.get(recipientId)?.canBeFound !== true)
    .map((recipient) => ({
      what: `${recipient.recipientId} can't be found in Redis`,
      evidence: [recipient, byId.get(recipient.recipientId)],
    }));
}

const isOk =
  (kind: OperationKind) =>
  (operation: Operation): boolean =>
    operation.kind === kind && operation.outcome === 'ok';

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  return Map.groupBy(items, keyOf);
}

export function byVersion(steps: readonly StepRow[]): StepRow[] {
  return [...steps].sort((a, b) => a.version - b.version);
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((all, item) => all + of(item), 0);
}

function g(grams: number): string {
  return `${String(grams)} g`;
}

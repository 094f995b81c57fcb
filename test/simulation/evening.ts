/**
 * An evening in one cell with two hosts that both believe to own it, a network that repeats and delays, a database whose
 * connections break, a Redis that is lost: the real shell and the real core, everything else drawn from a seed.
 */
import { recipientNamed } from '#core/lots/evening.testkit.ts';
import type { Answer, Command } from '#core/lots/command.ts';
import { currentOffer, isEnd, type Lot, type Offer } from '#core/lots/lot.ts';
import { policyOf } from '#core/lots/policy.ts';
import { lotIdOf, type CellToken, type DonorId, type LotId, type RecipientId } from '#core/words/ids.ts';
import { createCell, type Cell } from '#cell/cell.ts';
import { createShelf, MAX_AT_HAND } from '#cell/openLots.ts';
import { isBusy, isMoved, type Busy, type CellAnswer } from '#cell/contract.ts';
import { estimateTravelSeconds } from '#core/geo/distance.ts';
import type { Candidates, CellPorts } from '#cell/ports.ts';
import { fakeCandidates, type FakeCandidates } from '../fakes/candidates.ts';
import { createTables, memoryStore, type Tables } from './memoryStore.ts';
import { createScheduler, seeded, type Scheduler } from './scheduler.ts';

const CELL = '46920bd' as CellToken;
const START_MS = Date.UTC(2026, 10, 21, 18);
const MINUTE_MS = 60_000;

export interface Evening {
  readonly tables: Tables;
  readonly fake: FakeCandidates;
  /** every answer that a caller got, by command id: all copies of one */
  readonly answers: Map<string, Answer[]>;
  readonly trace: string[];
}

interface World extends Evening {
  /** how many open lots a host keeps at hand */
  readonly atHand: number;
  readonly random: () => number;
  readonly scheduler: Scheduler;
  readonly hosts: Cell[];
  ids: number;
}

const recipientsOf = () => [
  recipientNamed('a', { capacityGrams: 20_000, dailyCapacityGrams: 40_000 }),
  recipientNamed('b', { capacityGrams: 9_000, dailyCapacityGrams: 30_000, lat: 60.18 }),
  recipientNamed('c', { capacityGrams: 30_000, lat: 60.175, categories: ['bakery'] }),
  recipientNamed('bank', { fallback: true, capacityGrams: 50_000, dailyCapacityGrams: 1e9 }),
];

export async function playEvening(seed: number): Promise<Evening> {
  // In every other evening most lots are read from their rows.
  const world = createEvening(seed, seed % 2 === 0 ? 1 : MAX_AT_HAND);
  const { random, scheduler } = world;
  for (let round = 0; round < 8; round++) {
    for (let n = 0; n < 3; n++) for (const command of drawCommands(world)) void ask(world, command);
    if (random() < 0.1) world.fake.believe(random() < 0.5);
    if (random() < 0.15) world.hosts[random() < 0.5 ? 0 : 1] = hostOf(world);
    await scheduler.run();
    sweepTokens(world);
    scheduler.advance(Math.floor(random() * 12 * MINUTE_MS));
  }
  world.fake.believe(true);
  await untilAllEnded(world);
  return world;
}

function createEvening(seed: number, atHand: number): World {
  const random = seeded(seed);
  const scheduler = createScheduler(random, START_MS);
  const recipients = recipientsOf();
  const fake = fakeCandidates(recipients, scheduler.nowMs);
  const world: World = {
    atHand,
    random,
    scheduler,
    fake,
    tables: createTables(new Map(recipients.map((each) => [each.recipientId, each.capacityGrams]))),
    answers: new Map(),
    trace: [],
    hosts: [],
    ids: 0,
  };
  world.hosts.push(hostOf(world), hostOf(world));
  return world;
}

/** A fresh process: no cache, no memory of what it answered. */
function hostOf(world: World): Cell {
  const { scheduler, random, fake } = world;
  const later = async <Value>(answer: () => Promise<Value>): Promise<Value> => {
    await scheduler.yield();
    return await answer();
  };
  const candidates: Candidates = {
    near: (searches) => later(() => fake.candidates.near(searches)),
    fallbacks: (from) => later(() => fake.candidates.fallbacks(from)),
    named: (all) => later(() => fake.candidates.named(all)),
    reserve: (all) => later(() => fake.candidates.reserve(all)),
    withdraw: (all, epoch) => later(() => fake.candidates.withdraw(all, epoch)),
    free: (all) => later(() => fake.candidates.free(all)),
    shrink: (all) => later(() => fake.candidates.shrink(all)),
    collected: (all) => later(() => fake.candidates.collected(all)),
  };
  const ports: CellPorts = {
    store: memoryStore(world.tables, scheduler, { crashes: 0.04, random }),
    candidates,
    travel: {
      warm: () => Promise.resolve(true),
      of: ({ from, to, mode }) => ({ travelSeconds: estimateTravelSeconds(from, to, mode), travelSource: 'estimate' }),
    },
    hints: { outbox: () => undefined },
    clock: { nowMs: scheduler.nowMs },
    newUuid: (atMs) => uuidOf(atMs, world.ids++),
    handoverCode: (offer, _, generation) => `${String(generation)}${offer.slice(-7)}`,
  };
  const hooks = {
    activated: () => undefined,
    fenced: () => undefined,
    turned: () => undefined,
    wrote: () => undefined,
    failed: () => undefined,
    random,
  };
  return createCell(CELL, ports, policyOf(5 * MINUTE_MS), hooks, createShelf(world.atHand));
}

function uuidOf(atMs: number, n: number): string {
  const time = atMs.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${n.toString(16).padStart(12, '0')}`;
}

/** Asks one of the hosts, sometimes twice at once, until somebody answers. */
async function ask(world: World, command: Command): Promise<void> {
  const copies = world.random() < 0.15 ? 2 : 1;
  await Promise.all(Array.from({ length: copies }, () => askOne(world, command)));
}

async function askOne(world: World, command: Command): Promise<void> {
  for (let tries = 0; tries < 40; tries++) {
    await world.scheduler.yield(tries === 0 ? 40 : 700);
    const host = world.hosts[world.random() < 0.8 ? 0 : 1];
    const [answer] = (await host?.turn([command], null)) ?? [];
    if (answer === undefined || isMoved(answer) || isBusy(answer) || 'elsewhere' in answer) continue;
    note(world, command, answer);
    return;
  }
}

function note(
  world: World,
  command: Command,
  answer: Exclude<CellAnswer, { moved: true } | { elsewhere: unknown } | Busy>,
): void {
  world.answers.set(command.id, [...(world.answers.get(command.id) ?? []), answer]);
  const said = answer.ok ? `${answer.surplus?.state ?? ''} ${String(answer.surplus?.quantityGrams)}` : answer.refused;
  world.trace.push(`${String(world.scheduler.nowMs())} ${command.kind} ${command.id} → ${said}`);
}

/** What people and the sweep might ask now; each as likely sensible as late. */
function drawCommands(world: World): Command[] {
  const { random, tables } = world;
  const id = `c${String(world.ids++)}`;
  if (random() < 0.35) return [postOf(world, id)];
  const lots = [...tables.lots.values()];
  const lot = lots[Math.floor(random() * lots.length)];
  if (lot === undefined) return [postOf(world, id)];
  return [onLot(world, lot, id)];
}

function postOf(world: World, id: string): Command {
  const { random, scheduler } = world;
  const nowMs = scheduler.nowMs();
  return {
    kind: 'post',
    id,
    fingerprint: id,
    lotId: lotIdOf(CELL, uuidOf(nowMs, world.ids++)),
    donorId: 'd' as DonorId,
    lat: 60.17,
    lon: 24.94,
    category: random() < 0.5 ? 'bakery' : 'prepared',
    storage: 'ambient',
    quantityGrams: 500 + Math.floor(random() * 15_000),
    servings: null,
    readyFromMs: null,
    safeUntilMs: nowMs + Math.floor((0.3 + random() * 1.2) * 60) * MINUTE_MS,
    note: null,
  };
}

function onLot(world: World, lot: Lot, id: string): Command {
  const { random } = world;
  const draw = random();
  const base = { id, fingerprint: id };
  if (draw < 0.25) return { kind: 'wake', id, fingerprint: null, lotId: lot.id };
  if (draw < 0.4)
    return {
      kind: 'rematch',
      id: `rematch:${lot.id}:${String(lot.version)}`,
      fingerprint: null,
      lotId: lot.id,
      version: lot.version,
    };
  if (draw < 0.45)
    return {
      kind: 'fallback',
      id: `fallback:${lot.id}:${String(lot.version)}`,
      fingerprint: null,
      lotId: lot.id,
      version: lot.version,
    };
  if (draw < 0.5) return { kind: 'cancel', ...base, lotId: lot.id, donorId: lot.donorId, ifVersion: null };
  if (draw < 0.57) return overrideOf(world, lot, base);
  const offer = lot.offers.at(-1);
  if (offer === undefined) return { kind: 'wake', id, fingerprint: null, lotId: lot.id };
  const on = { ...base, offerId: offer.id, recipientId: offer.recipientId };
  const part = random() < 0.4 ? Math.max(1, Math.floor(offer.quantityGrams * random())) : null;
  if (draw < 0.75) return { kind: 'accept', ...on, quantityGrams: part };
  if (draw < 0.82) return { kind: random() < 0.5 ? 'decline' : 'release', ...on, reason: 'r' };
  const code = `${String(offer.codeGeneration)}${offer.id.slice(-7)}`;
  return { kind: 'handover', ...on, code, quantityGrams: part };
}

/** An operator, as likely sensible as late. */
function overrideOf({ random, scheduler }: World, lot: Lot, base: { id: string; fingerprint: string }): Command {
  const on = { ...base, lotId: lot.id, by: 'siti', why: 'w' };
  const draw = random();
  if (draw < 0.3) return { kind: 'withdraw', ...on };
  const untilMs = scheduler.nowMs() + Math.floor(random() * 40) * MINUTE_MS;
  if (draw < 0.5) return { kind: 'extend', ...on, untilMs };
  const recipientId = ['a', 'b', 'c', 'bank'][Math.floor(random() * 4)] as RecipientId;
  return { kind: 'assign', ...on, recipientId };
}

/** Time alone goes on, with the sweep: every lot must come to its end. */
async function untilAllEnded(world: World): Promise<void> {
  const { scheduler, tables } = world;
  for (let sweeps = 0; sweeps < 5_000; sweeps++) {
    const open = [...tables.lots.values()].filter((lot) => !isEnd(lot.state));
    if (open.length === 0) return;
    const nextMs = Math.min(...open.map((lot) => lot.nextActionAtMs ?? Number.POSITIVE_INFINITY));
    if (nextMs > scheduler.nowMs()) scheduler.advance(nextMs - scheduler.nowMs());
    for (const lot of open) {
      if ((lot.nextActionAtMs ?? 0) <= scheduler.nowMs())
        void askOne(world, { kind: 'wake', id: `sweep:${String(world.ids++)}`, fingerprint: null, lotId: lot.id });
    }
    await scheduler.run();
    sweepTokens(world);
  }
}

/** As the keeper does: a token without an open offer or claim, and with no turn under way, is a crash's. */
function sweepTokens({ tables, fake }: World): void {
  const live = new Map([...tables.lots.values()].map((lot) => [currentOffer(lot)?.id, currentOffer(lot)?.recipientId]));
  void fake.candidates.free([...fake.tokens.values()].filter((token) => live.get(token.offerId) !== token.recipientId));
}

function isByTheRules({ state, reasons }: Offer): boolean {
  return state !== 'withdrawn' && !reasons.some((reason) => reason.code === 'assigned');
}

/** The invariants, over what the database holds and what callers were told. @returns what does not hold */
export function brokenLaws(evening: Evening): string[] {
  const { tables, answers, fake } = evening;
  const broken: string[] = [];
  const lots = [...tables.lots.values()];
  for (const lot of lots) {
    if (!isEnd(lot.state)) broken.push(`${lot.id} never ended (${lot.state})`);
    if (lot.quantityGrams <= 0) broken.push(`${lot.id} holds ${String(lot.quantityGrams)} g`);
    if (currentOffer(lot) !== null) broken.push(`${lot.id} ended with a live offer`);
    const versions = tables.events.get(lot.id) ?? [];
    if (versions.some((version, index) => index > 0 && version <= (versions[index - 1] ?? 0)))
      broken.push(`${lot.id}: events out of order`);
    if (versions.at(-1) !== lot.version) broken.push(`${lot.id}: the last event is missing`);
    const early = lot.offers.filter(
      (offer) => offer.state === 'lapsed' && (offer.answeredAtMs ?? 0) < offer.deadlineMs,
    );
    if (early.length > 0) broken.push(`${lot.id} lapsed early`);
    // whom an operator names may have had it before, and who was interrupted by one may be asked again
    const asked = lot.offers.filter(isByTheRules).map((offer) => offer.recipientId);
    if (new Set(asked).size !== asked.length) broken.push(`${lot.id} was offered twice to one recipient`);
  }
  const posted = lots.reduce((sum, lot) => sum + lot.postedGrams, 0);
  const held = lots.reduce((sum, lot) => sum + lot.quantityGrams, 0);
  if (posted !== held) broken.push(`posted ${String(posted)} g, hold ${String(held)} g`);
  const collected = lots.filter((lot) => lot.state === 'collected').reduce((sum, lot) => sum + lot.quantityGrams, 0);
  const credited = [...tables.collectedGrams.values()].reduce((sum, grams) => sum + grams, 0);
  if (collected !== credited) broken.push(`collected ${String(collected)} g, credited ${String(credited)} g`);
  for (const [id, copies] of answers) {
    const isKept = tables.commands.get(id)?.fingerprint === id;
    if (isKept && new Set(copies.map((copy) => JSON.stringify(copy))).size > 1) broken.push(`${id} got two answers`);
    for (const copy of copies)
      if (copy.ok && copy.surplus !== null && !tables.lots.has(copy.surplus.id as LotId))
        broken.push(`${id} was answered and is gone`);
  }
  broken.push(...tables.overbooked);
  if (fake.tokens.size > 0) broken.push(`${String(fake.tokens.size)} capacity tokens are left`);
  return broken;
}

/** What the cell needs of the world. Each port has a real adapter in services/adapters and an acceptance suite in test/. */
import type { Answer, Command } from '#core/lots/command.ts';
import type { LotChange } from '#core/lots/decide.ts';
import type { Lot } from '#core/lots/lot.ts';
import type { Token, TokenName } from '#core/lots/tokens.ts';
import type { Collected } from '#core/lots/turn.ts';
import type { Place, TravelMode } from '#core/geo/distance.ts';
import type { Candidate, Recipient } from '#core/matching/candidate.ts';
import type { CellToken, LotId, OfferId, RecipientId, RegionToken } from '#core/words/ids.ts';
import type { CellAnswer } from './contract.ts';

/** PostgreSQL's time, sampled at activation and every 10 s, carried on by the monotonic clock. */
export interface Clock {
  nowMs(): number;
}

export interface Activation {
  readonly epoch: string;
  /** the cell's open lots */
  readonly lots: readonly Lot[];
}

export interface TurnWrite {
  readonly cell: CellToken;
  readonly epoch: string;
  /** unix ms; PostgreSQL refuses the write after this */
  readonly notAfterMs: number;
  /** unix ms; PostgreSQL's time at which the turn was decided */
  readonly decidedAtMs: number;
  readonly commands: readonly { readonly command: Command; readonly answer: Answer }[];
  readonly changes: readonly LotChange[];
  readonly collected: readonly Collected[];
  /** W3C trace context for the events of each changed lot; a lot that is not in it has none */
  readonly traceparents: ReadonlyMap<LotId, string>;
}

export interface KeptAnswer {
  readonly commandId: string;
  readonly fingerprint: string | null;
  /** null: the key was claimed here for another cell and has not taken effect in this row */
  readonly answer: Answer | null;
  readonly elsewhere: { readonly cell: CellToken; readonly lotId: LotId } | null;
}

export type WriteOutcome =
  | { readonly wrote: true }
  /** the epoch is no longer ours */
  | { readonly wrote: false; readonly because: 'fenced' }
  /** not_after had passed, or a step came before its time by PostgreSQL's clock */
  | { readonly wrote: false; readonly because: 'late' | 'early' }
  /** some ids were there already: these are their answers */
  | { readonly wrote: false; readonly because: 'repeated'; readonly kept: readonly KeptAnswer[] }
  /** a data error: some command is poisoned */
  | { readonly wrote: false; readonly because: 'data'; readonly message: string };

export interface CellStore {
  /** Commits epoch + 1, then loads the open lots. */
  activate(cell: CellToken): Promise<Activation>;
  /** The named lots with every lot of the same post, open or ended. Unknown ids are left out. */
  loadFamilies(cell: CellToken, lotIds: readonly LotId[]): Promise<readonly Lot[]>;
  /** One statement: fence, commands, lots, offers, history, outbox, days; all or nothing. */
  write(turn: TurnWrite): Promise<WriteOutcome>;
}

export interface Search extends Place {
  readonly radiusMeters: number;
}

/** A recipient asked for by its id. */
export interface Named extends Place {
  readonly recipientId: RecipientId;
}

/** A recipient near a search with its counters; travel is added by the shell. */
export type Near = Recipient &
  Pick<Candidate, 'distanceMeters' | 'openGrams' | 'collectedTodayGrams' | 'collectedWeekGrams'>;

export interface Reservation extends Token {
  readonly capacityGrams: number;
  readonly dailyCapacityGrams: number;
  readonly day: string;
  /** of the cell's owner who asks: a token that a newer owner reserved is not touched by an older one */
  readonly epoch: number;
}

export interface Candidates {
  /**
   * For each search the nearest recipients within its radius, nearest first.
   * null: Redis is not ready to be believed (lost, being rebuilt, or unreachable).
   */
  near(searches: readonly Search[]): Promise<readonly (readonly Near[])[] | null>;
  /** The food banks of last resort as seen from a place, nearest first. null: Redis is not ready to be believed. */
  fallbacks(from: Place): Promise<readonly Near[] | null>;
  /**
   * Each named recipient as seen from a place, paused or not; undefined: there is none of this id.
   * null: Redis is not ready to be believed.
   */
  named(asked: readonly Named[]): Promise<readonly (Near | undefined)[] | null>;
  /** Reserves each token, or says no. A repeat of the same token is a yes. null: Redis is not ready: nothing is reserved. */
  reserve(reservations: readonly Reservation[]): Promise<readonly boolean[] | null>;
  /**
   * Nothing was written: gives back what was reserved under this epoch or an older one, but not what a newer owner has taken over.
   * @returns how many there were
   */
  withdraw(tokens: readonly TokenName[], epoch: number): Promise<number>;
  /** After the write; losing these is mended by the sweep of tokens. */
  free(tokens: readonly Token[]): Promise<void>;
  shrink(tokens: readonly Token[]): Promise<void>;
  collected(handovers: readonly Collected[]): Promise<void>;
}

export interface Journey {
  readonly from: Place;
  readonly to: Place;
  readonly mode: TravelMode;
}
export interface TravelTime {
  readonly travelSeconds: number;
  readonly travelSource: 'route' | 'estimate';
}

export interface TravelTimes {
  /**
   * Asks for what is not cached (deadline 120 ms, breaker); called before the turn, never inside it; never throws.
   * @returns whether all are known now: if not, it is worth asking again in a while
   */
  warm(journeys: readonly Journey[]): Promise<boolean>;
  /** From the cache, else an estimate. */
  of(journey: Journey): TravelTime;
}

export interface Hints {
  /** After commit: this region has something in its outbox. Best effort. */
  outbox(region: RegionToken): void;
}

/** A command on its way through the cell, as its caller's trace sees it. */
export interface CommandTrace {
  /** what its events go on with; null: nothing */
  readonly traceparent: string | null;
  end(answer: CellAnswer): void;
}

/** How the cell tells what it does, and for whom. Nothing here may change or delay a turn. */
export interface Traces {
  /**
   * @param traceparent of the caller; null: none
   * @param continues of the last event of the command's lot: goes on where there is no caller's
   */
  begin(command: Command, traceparent: string | null, continues: string | null): CommandTrace;
  /** Runs what these commands wait for. */
  during<Result>(traces: readonly CommandTrace[], work: () => Promise<Result>): Promise<Result>;
}

export interface CellPorts {
  readonly store: CellStore;
  readonly candidates: Candidates;
  readonly travel: TravelTimes;
  readonly hints: Hints;
  readonly clock: Clock;
  /** uuid v7 whose time is `atMs` */
  readonly newUuid: (atMs: number) => string;
  readonly handoverCode: (offer: OfferId, recipient: RecipientId, generation: number) => string;
  /** none: nothing is traced */
  readonly traces?: Traces;
}

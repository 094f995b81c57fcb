import { joinMembers, leaveMembers } from '#adapters/postgres/sql/members.ts';
import type { Queryable } from '#adapters/postgres/sql/queryable.ts';
import { releaseSlots, renewSlots, takeSlots } from '#adapters/postgres/sql/relaySlots.ts';

export const SLOTS = 32;
const ROLE = 'relay';
/** A dead relay's regions wait this long. */
const LEASE_MS = 5_000;
/** Our own clock stops us this much before PostgreSQL gives the slot away. */
const MARGIN_MS = 500;

export interface Slots {
  /** Takes, renews and gives away slots so that all relays hold about the same number. @throws when PostgreSQL is away */
  renew(): Promise<void>;
  /** @param region signed id */
  owns(region: string): boolean;
  held(): number;
  /** Gives everything back at once, so that others need not wait for the lease to run out. */
  leave(): Promise<void>;
}

export const RENEW_EVERY_MS = LEASE_MS / 3;

/** @param owner unique among all relays */
export function createSlots(db: Queryable, owner: string): Slots {
  let slots = new Set<number>();
  let validUntilMs = 0;
  return {
    renew: async () => {
      const sentMs = performance.now();
      const relays = await joinMembers(db, ROLE, owner, LEASE_MS);
      const fair = Math.ceil(SLOTS / Math.max(1, relays.length));
      const held = await renewSlots(db, owner, LEASE_MS);
      const spare = held.slice(fair);
      if (spare.length > 0) await releaseSlots(db, owner, spare);
      const taken = held.length < fair ? await takeSlots(db, owner, LEASE_MS, fair - held.length) : [];
      slots = new Set([...held.slice(0, fair), ...taken]);
      validUntilMs = sentMs + LEASE_MS - MARGIN_MS;
    },
    owns: (region) => performance.now() < validUntilMs && slots.has(slotOf(region)),
    held: () => (performance.now() < validUntilMs ? slots.size : 0),
    leave: async () => {
      validUntilMs = 0;
      await releaseSlots(db, owner, [...slots]);
      await leaveMembers(db, ROLE, owner);
    },
  };
}

/** Neighbouring regions have neighbouring ids: multiplying by 2^64 / golden ratio spreads them (Knuth, TAOCP 6.4). */
export function slotOf(region: string): number {
  const mixed = BigInt.asUintN(64, BigInt(region) * 0x9e37_79b9_7f4a_7c15n);
  return Number(mixed >> 59n);
}

import type { Queryable } from './queryable.ts';

interface SlotRow {
  readonly slot: number;
}

/** @returns the slots that are ours for `leaseMs` from now */
export async function renewSlots(db: Queryable, owner: string, leaseMs: number): Promise<number[]> {
  const { rows } = await db.query<SlotRow>({
    name: 'renew-slots',
    text: `update relay_slot set leased_until = now() + $2 * interval '1 millisecond' where owner = $1 returning slot`,
    values: [owner, leaseMs],
  });
  return rows.map((row) => row.slot);
}

/**
 * Takes up to `count` slots nobody holds. A lease that lasts longer than any is given was given before PostgreSQL's clock went back, and a dead owner's
 * would last for as long as that: it is cut down to a whole one, which ends after what its owner believes to have, and goes on if it is alive.
 */
export async function takeSlots(db: Queryable, owner: string, leaseMs: number, count: number): Promise<number[]> {
  await db.query({
    name: 'cut-leases',
    text: `
update relay_slot set leased_until = now() + $1 * interval '1 millisecond'
 where leased_until > now() + 2 * $1 * interval '1 millisecond'`,
    values: [leaseMs],
  });
  const { rows } = await db.query<SlotRow>({
    name: 'take-slots',
    text: `
update relay_slot set owner = $1, leased_until = now() + $2 * interval '1 millisecond'
 where slot in (select slot from relay_slot where leased_until is null or leased_until < now()
                 order by slot limit $3 for update skip locked)
returning slot`,
    values: [owner, leaseMs, count],
  });
  return rows.map((row) => row.slot);
}

export async function releaseSlots(db: Queryable, owner: string, slots: readonly number[]): Promise<void> {
  await db.query('update relay_slot set owner = null, leased_until = null where owner = $1 and slot = any($2)', [
    owner,
    slots,
  ]);
}

import type { Queryable } from './queryable.ts';

/**
 * Says that `owner` is there for `leaseMs` more. Who is there for longer than twice that said so before PostgreSQL's clock went back, and not since.
 * @returns all that are there, in the same order for everybody
 */
export async function joinMembers(db: Queryable, role: string, owner: string, leaseMs: number): Promise<string[]> {
  await db.query({
    name: 'join-members',
    text: `
insert into member (role, owner, seen_until) values ($1, $2, now() + $3 * interval '1 millisecond')
on conflict (role, owner) do update set seen_until = excluded.seen_until`,
    values: [role, owner, leaseMs],
  });
  return await listMembers(db, role, leaseMs);
}

/** @returns all that are there, in the same order for everybody */
export async function listMembers(db: Queryable, role: string, leaseMs: number): Promise<string[]> {
  const { rows } = await db.query<{ owner: string }>({
    name: 'list-members',
    text: `
select owner from member
 where role = $1 and seen_until > now() and seen_until <= now() + 2 * $2 * interval '1 millisecond' order by owner`,
    values: [role, leaseMs],
  });
  return rows.map((row) => row.owner);
}

/** Leaves, and clears away who has been gone for an hour. */
export async function leaveMembers(db: Queryable, role: string, owner: string): Promise<void> {
  await db.query("delete from member where role = $1 and (owner = $2 or seen_until < now() - interval '1 hour')", [
    role,
    owner,
  ]);
}

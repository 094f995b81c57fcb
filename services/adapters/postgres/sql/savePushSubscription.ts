import type { Queryable } from './queryable.ts';

export interface NewPushSubscription {
  readonly endpointDigest: string;
  readonly role: string;
  readonly organisationId: string;
  readonly cipher: Buffer;
  readonly keyId: string;
}

/** More devices than that nobody has; the oldest go. */
const MAX_PER_ORGANISATION = 50;

/** A browser that signed in for another organisation now belongs to that one. */
export async function savePushSubscription(db: Queryable, given: NewPushSubscription): Promise<void> {
  const { endpointDigest, role, organisationId, cipher, keyId } = given;
  await db.query(
    `insert into push_subscription (endpoint_digest, role, organisation_id, cipher, key_id) values ($1, $2, $3, $4, $5)
     on conflict (endpoint_digest) do update set role = excluded.role, organisation_id = excluded.organisation_id,
       cipher = excluded.cipher, key_id = excluded.key_id, created_at = now(), heartbeat_at = now(), dead_at = null`,
    [endpointDigest, role, organisationId, cipher, keyId],
  );
  await db.query(
    `delete from push_subscription where organisation_id = $1 and role = $2 and endpoint_digest in (
       select endpoint_digest from push_subscription where organisation_id = $1 and role = $2
       order by dead_at nulls first, created_at desc, endpoint_digest offset $3)`,
    [organisationId, role, MAX_PER_ORGANISATION],
  );
}

/** @returns false when there was none of this organisation */
export async function removePushSubscription(
  db: Queryable,
  given: Pick<NewPushSubscription, 'endpointDigest' | 'role' | 'organisationId'>,
): Promise<boolean> {
  const removed = await db.query(
    'delete from push_subscription where endpoint_digest = $1 and role = $2 and organisation_id = $3',
    [given.endpointDigest, given.role, given.organisationId],
  );
  return (removed.rowCount ?? 0) > 0;
}

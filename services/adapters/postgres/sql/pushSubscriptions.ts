import type { Queryable } from './queryable.ts';

export interface PushSubscriptionRow {
  readonly endpointDigest: string;
  readonly cipher: Buffer;
  readonly keyId: string;
}

/** @param role `donor` or `recipient` */
export async function findPushSubscriptions(
  db: Queryable,
  role: string,
  organisationId: string,
): Promise<PushSubscriptionRow[]> {
  const { rows } = await db.query<PushSubscriptionRow>({
    name: 'find-push-subscriptions',
    text: `
select endpoint_digest as "endpointDigest", cipher, key_id as "keyId" from push_subscription
 where organisation_id = $1 and role = $2 order by created_at limit 50`,
    values: [organisationId, role],
  });
  return rows;
}

export async function deletePushSubscriptions(db: Queryable, endpointDigests: readonly string[]): Promise<void> {
  await db.query('delete from push_subscription where endpoint_digest = any($1)', [endpointDigests]);
}

export async function markPushDelivered(db: Queryable, endpointDigests: readonly string[]): Promise<void> {
  await db.query('update push_subscription set last_delivered_at = now() where endpoint_digest = any($1)', [
    endpointDigests,
  ]);
}

import type { Queryable } from './queryable.ts';

export interface PushSubscriptionRow {
  readonly endpointDigest: string;
  readonly cipher: Buffer;
  readonly keyId: string;
}

export interface SubscriberKey {
  /** `donor` or `recipient` */
  readonly role: string;
  readonly organisationId: string;
}

/** Of each subscriber at most 50, in the order asked. */
export async function findPushSubscriptions(
  db: Queryable,
  subscribers: readonly SubscriberKey[],
): Promise<PushSubscriptionRow[][]> {
  const { rows } = await db.query<PushSubscriptionRow & { asked: number }>({
    name: 'find-push-subscriptions',
    text: `
select k.asked::int, s.endpoint_digest as "endpointDigest", s.cipher, s.key_id as "keyId"
  from unnest($1::text[], $2::text[]) with ordinality as k(organisation_id, role, asked)
 cross join lateral (
   select endpoint_digest, cipher, key_id from push_subscription
    where organisation_id = k.organisation_id and role = k.role order by created_at limit 50) s`,
    values: [subscribers.map(({ organisationId }) => organisationId), subscribers.map(({ role }) => role)],
  });
  const found: PushSubscriptionRow[][] = subscribers.map(() => []);
  for (const { asked, ...row } of rows) found[asked - 1]?.push(row);
  return found;
}

export async function deletePushSubscriptions(db: Queryable, endpointDigests: readonly string[]): Promise<void> {
  await db.query('delete from push_subscription where endpoint_digest = any($1)', [endpointDigests]);
}

export async function markPushDelivered(db: Queryable, endpointDigests: readonly string[]): Promise<void> {
  await db.query('update push_subscription set last_delivered_at = now() where endpoint_digest = any($1)', [
    endpointDigests,
  ]);
}

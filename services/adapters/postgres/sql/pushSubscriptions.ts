import type { Queryable } from './queryable.ts';

export interface PushSubscriptionRow {
  readonly endpointDigest: string;
  readonly cipher: Buffer;
  readonly keyId: string;
  /** no word of the device for so long that it is not relied on */
  readonly isSilent: boolean;
}

export interface SubscriberKey {
  /** `donor` or `recipient` */
  readonly role: string;
  readonly organisationId: string;
}

/** Without a word of a device for this long it is as good as gone. */
export const HEARTBEAT_DAYS = 30;

/** Of each subscriber at most 50, in the order asked. */
export async function findPushSubscriptions(
  db: Queryable,
  subscribers: readonly SubscriberKey[],
): Promise<PushSubscriptionRow[][]> {
  const { rows } = await db.query<PushSubscriptionRow & { asked: number }>({
    name: 'find-push-subscriptions',
    text: `
select k.asked::int, s.endpoint_digest as "endpointDigest", s.cipher, s.key_id as "keyId", s.is_silent as "isSilent"
  from unnest($1::text[], $2::text[]) with ordinality as k(organisation_id, role, asked)
 cross join lateral (
   select endpoint_digest, cipher, key_id, heartbeat_at <= now() - $3 * interval '1 day' as is_silent from push_subscription
    where organisation_id = k.organisation_id and role = k.role and dead_at is null order by created_at limit 50) s`,
    values: [
      subscribers.map(({ organisationId }) => organisationId),
      subscribers.map(({ role }) => role),
      HEARTBEAT_DAYS,
    ],
  });
  const found: PushSubscriptionRow[][] = subscribers.map(() => []);
  for (const { asked, ...row } of rows) found[asked - 1]?.push(row);
  return found;
}

/** The push service says that they are gone: kept, so that an operator sees it. */
export async function markPushDead(db: Queryable, endpointDigests: readonly string[]): Promise<void> {
  await db.query('update push_subscription set dead_at = now() where endpoint_digest = any($1) and dead_at is null', [
    endpointDigests,
  ]);
}

export async function markPushDelivered(db: Queryable, endpointDigests: readonly string[]): Promise<void> {
  await db.query('update push_subscription set last_delivered_at = now() where endpoint_digest = any($1)', [
    endpointDigests,
  ]);
}

/** A device is there. @param arrived a push was shown on it @returns false: it must subscribe anew */
export async function markPushHeard(
  db: Queryable,
  given: SubscriberKey & { readonly endpointDigest: string },
  arrived: boolean,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `update push_subscription set heartbeat_at = now(), arrived_at = case when $4 then now() else arrived_at end
     where endpoint_digest = $1 and role = $2 and organisation_id = $3 and dead_at is null`,
    [given.endpointDigest, given.role, given.organisationId, arrived],
  );
  return rowCount === 1;
}

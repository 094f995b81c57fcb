import type { Queryable } from './queryable.ts';

interface Collected {
  readonly grams: number;
  readonly handovers: number;
}

/** What a recipient has collected so far, in all regions; `monthGrams` of it in the last 30 days. */
export async function readCollected(
  db: Queryable,
  recipientId: string,
): Promise<Collected & { readonly monthGrams: number }> {
  const { rows } = await db.query<{ grams: string; month: string; handovers: string }>(
    `select coalesce(sum(collected_grams), 0)::bigint as grams, coalesce(sum(handovers), 0)::bigint as handovers,
       coalesce(sum(collected_grams) filter (where day > current_date - 30), 0)::bigint as month
     from recipient_day where recipient_id = $1`,
    [recipientId],
  );
  const { grams = '0', month = '0', handovers = '0' } = rows[0] ?? {};
  return { grams: Number(grams), handovers: Number(handovers), monthGrams: Number(month) };
}

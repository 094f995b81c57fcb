import type { World } from './world.ts';

interface Row {
  readonly outbox_id: string;
  readonly subject: string;
  readonly payload: Buffer;
}

/** Publishes what waits in the outbox, in order: the relay's work, once. @returns how many went out */
export function publisherOf(world: World): () => Promise<number> {
  return async () => {
    const { rows } = await world.pool.query<Row>(
      'select outbox_id, subject, payload from outbox where published_at is null order by created_at, lot_version, outbox_id',
    );
    for (const row of rows) {
      const outcome = await world.publish({
        id: row.outbox_id,
        subject: row.subject,
        payload: row.payload,
        traceparent: null,
      });
      if (!outcome.stored) throw new Error('not published');
      await world.pool.query('update outbox set published_at = now() where outbox_id = $1', [row.outbox_id]);
    }
    return rows.length;
  };
}

import type { Queryable } from './queryable.ts';

/** @returns false when the id is another donor's */
export async function savePhoto(db: Queryable, photoId: string, donorId: string, bytes: number): Promise<boolean> {
  const saved = await db.query(
    `insert into photo as p (photo_id, donor_id, bytes) values ($1, $2, $3)
     on conflict (photo_id) do update set bytes = excluded.bytes where p.donor_id = excluded.donor_id`,
    [photoId, donorId, bytes],
  );
  return saved.rowCount === 1;
}

export async function findOldPhotos(
  db: Queryable,
  olderThanDays: number,
  limit: number,
): Promise<{ photoId: string; donorId: string }[]> {
  const { rows } = await db.query<{ photo_id: string; donor_id: string }>(
    `select photo_id, donor_id from photo where created_at < now() - $1 * interval '1 day' order by created_at limit $2`,
    [olderThanDays, limit],
  );
  return rows.map((row) => ({ photoId: row.photo_id, donorId: row.donor_id }));
}

export async function forgetPhoto(db: Queryable, photoId: string): Promise<void> {
  await db.query('delete from photo where photo_id = $1', [photoId]);
}

/** Where its picture is kept. With the donor in it, a post can name no other's. */
export function photoKey(donorId: string, photoId: string): string {
  return `photos/${donorId}/${photoId}`;
}

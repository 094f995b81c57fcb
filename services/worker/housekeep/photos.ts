import type { ObjectStore } from '#adapters/objects/objectStore.ts';
import { findOldPhotos, forgetPhoto, photoKey } from '#adapters/postgres/sql/photos.ts';
import type { Queryable } from '#adapters/postgres/sql/queryable.ts';

/** The picture first, then its row: what fails between is found again. @param store null: there are none */
export function createPhotoCleaner(
  db: Queryable,
  store: ObjectStore | null,
): (olderThanDays: number, limit: number) => Promise<number> {
  return async (olderThanDays, limit) => {
    if (store === null) return 0;
    const old = await findOldPhotos(db, olderThanDays, limit);
    for (const { photoId, donorId } of old) {
      await store.remove(photoKey(donorId, photoId));
      await forgetPhoto(db, photoId);
    }
    return old.length;
  };
}

import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { checkKey, type ObjectStore } from './objectStore.ts';

/** For one machine; several share it by a network file system, or use S3. */
export function createFolderStore(folder: string): ObjectStore {
  const pathOf = (key: string): string => join(folder, checkKey(key));
  return {
    async put(key, bytes) {
      const path = pathOf(key);
      await mkdir(dirname(path), { recursive: true });
      // Under its name it is whole, or not there.
      const half = `${path}.${randomUUID()}`;
      try {
        await writeFile(half, bytes, { mode: 0o600, flush: true });
        await rename(half, path);
      } catch (error) {
        // On a full disk it would stay, and nobody knows its name.
        await rm(half, { force: true });
        throw error;
      }
    },
    async get(key) {
      try {
        return await readFile(pathOf(key));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
        throw error;
      }
    },
    async remove(key) {
      await rm(pathOf(key), { force: true });
    },
  };
}

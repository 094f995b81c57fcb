/** The streets under the lots: one PMTiles file that the operator provides. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { basename, dirname, isAbsolute } from 'node:path';

export interface MapTiles {
  readonly folder: string;
  readonly name: string;
  /** Where it is served. Another map has another address, so that nobody holds half of each. */
  readonly path: string;
}

/** The header, and the directory with each tile's place: the same ones are the same map, whichever machine holds it. */
const HEAD_BYTES = 16_384;
const HEADER_BYTES = 127;
const VERSION_AT = 7;
const TILE_TYPE_AT = 99;
const VECTOR_TILES = 1;

/** @param file absolute; empty: there is no map. @throws Error saying what is wrong with it */
export async function openMapTiles(file: string): Promise<MapTiles | null> {
  if (file === '') return null;
  if (!isAbsolute(file)) throw unusable(file, 'is not an absolute path');
  const head = await headOf(file);
  const magic = head.bytes.subarray(0, VERSION_AT).toString('latin1');
  if (head.bytes.length < HEADER_BYTES || magic !== 'PMTiles') throw unusable(file, 'is no PMTiles archive');
  const version = head.bytes[VERSION_AT];
  if (version !== 3) throw unusable(file, `is PMTiles version ${String(version)}, and only 3 is read here`);
  if (head.bytes[TILE_TYPE_AT] !== VECTOR_TILES) throw unusable(file, 'holds no vector tiles (MVT)');
  const digest = createHash('sha256').update(head.bytes).update(String(head.size)).digest('hex').slice(0, 16);
  return { folder: dirname(file), name: basename(file), path: `/map/${digest}.pmtiles` };
}

async function headOf(file: string): Promise<{ readonly bytes: Buffer; readonly size: number }> {
  try {
    await using opened = await open(file);
    const { buffer, bytesRead } = await opened.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return { bytes: buffer.subarray(0, bytesRead), size: (await opened.stat()).size };
  } catch (error) {
    throw unusable(file, `cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
  }
}

function unusable(file: string, why: string): Error {
  return new Error(`MAP_TILES_FILE: ${file} ${why}. Name a PMTiles file, or leave it empty. See dev/README.md.`);
}

/** What a phone calls a picture, looked at: a JPEG of a bearable size, and nothing in it that tells where it was taken. */
export type Checked = { readonly picture: Buffer } | { readonly wrong: string };

export const MAX_PHOTO_BYTES = 1024 * 1024;
/** The screens make it 1,280 at most. */
const MAX_SIDE = 2_048;

const MARKER = 0xff;
const START = 0xd8;
const SCAN = 0xda;
/** Frame headers, which hold the size; C4, C8 and CC are other things (ITU-T T.81, table B.1). */
const FRAMES: ReadonlySet<number> = new Set([0xc0, 0xc1, 0xc2]);
/** JFIF's, the colour profile's and Adobe's application segments; all others, and comments, are left out: EXIF, XMP, IPTC. */
const KEPT_APPS: ReadonlySet<number> = new Set([0xe0, 0xe2, 0xee]);
const COMMENT = 0xfe;

/** Walks the segments up to the picture's data (ITU-T T.81, annex B). */
export function checkJpeg(bytes: Buffer): Checked {
  if (bytes.length > MAX_PHOTO_BYTES) return { wrong: `is larger than ${String(MAX_PHOTO_BYTES)} bytes` };
  if (bytes[0] !== MARKER || bytes[1] !== START) return { wrong: 'is no JPEG' };
  const kept: Buffer[] = [bytes.subarray(0, 2)];
  let hasSize = false;
  let at = 2;
  while (at + 4 <= bytes.length) {
    const kind = bytes[at + 1] ?? 0;
    const end = at + 2 + bytes.readUInt16BE(at + 2);
    if (bytes[at] !== MARKER || end > bytes.length || end < at + 4) return { wrong: 'is a broken JPEG' };
    if (FRAMES.has(kind)) {
      const side = sideOf(bytes.subarray(at, end));
      if (side === null || side > MAX_SIDE)
        return { wrong: `must be at most ${String(MAX_SIDE)} pixels wide and high` };
      hasSize = true;
    }
    if (kind === SCAN) {
      kept.push(bytes.subarray(at));
      return hasSize ? { picture: Buffer.concat(kept) } : { wrong: 'is a JPEG of a kind we do not take' };
    }
    if (!isPrivate(kind)) kept.push(bytes.subarray(at, end));
    at = end;
  }
  return { wrong: 'is a broken JPEG' };
}

function isPrivate(kind: number): boolean {
  return kind === COMMENT || (kind >= 0xe0 && kind <= 0xef && !KEPT_APPS.has(kind));
}

/** @returns the longer side; null: there is none */
function sideOf(frame: Buffer): number | null {
  if (frame.length < 9) return null;
  const [height, width] = [frame.readUInt16BE(5), frame.readUInt16BE(7)];
  return height === 0 || width === 0 ? null : Math.max(height, width);
}

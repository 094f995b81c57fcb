/** A picture of 8 × 6 pixels, as Chromium's canvas makes it, less its colour profile. */
const BARE =
  '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAFA3PEY8MlBGQUZaVVBfeMiCeG5uePWvuZHI////////////////////////////////////////////////////2wBDAVVaWnhpeOuCguv/////////////////////////////////////////////////////////////////////////wAARCAAGAAgDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAH/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QAFAEBAAAAAAAAAAAAAAAAAAAAA//EABQRAQAAAAAAAAAAAAAAAAAAAAD/2gAMAwEAAhEDEQA/AIAEz//Z';

export const picture = Buffer.from(BARE, 'base64');
const START_BYTES = 2;

/** One segment of a JPEG. @param kind its marker's second byte */
export function segment(kind: number, content: Buffer): Buffer {
  const head = Buffer.from([0xff, kind, 0, 0]);
  head.writeUInt16BE(content.length + 2, 2);
  return Buffer.concat([head, content]);
}

/** The picture with segments before all others, as cameras write them. */
export function pictureWith(...segments: readonly Buffer[]): Buffer {
  return Buffer.concat([picture.subarray(0, START_BYTES), ...segments, picture.subarray(START_BYTES)]);
}

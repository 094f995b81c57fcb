/** A camera's picture made small enough for a slow network. Drawn anew it tells nothing of place or camera. */
const MAX_SIDE = 1_280;
/** Above that the server takes none; the second is for pictures of very fine detail. */
const MAX_BYTES = 900 * 1024;
const QUALITIES = [0.8, 0.5, 0.3] as const;

/** @throws when it is no picture that this browser reads */
export async function shrink(file: Blob): Promise<Blob> {
  const picture = await createImageBitmap(file, { imageOrientation: 'from-image' });
  const scale = Math.min(1, MAX_SIDE / Math.max(picture.width, picture.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  for (const quality of QUALITIES) {
    const small = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', quality));
    if (small !== null && small.size <= MAX_BYTES) return small;
  }
  throw new Error('it stays too large');
}

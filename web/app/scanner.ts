/** Finds a QR code in what the camera sees: by the browser where it can, else by our own decoder, loaded then. */
interface Found {
  readonly rawValue: string;
}
interface Detector {
  detect(image: HTMLVideoElement): Promise<readonly Found[]>;
}
interface DetectorClass {
  new (options: { formats: string[] }): Detector;
  getSupportedFormats(): Promise<readonly string[]>;
}

/** @returns the text it holds; null: none to be seen */
export type Reader = (video: HTMLVideoElement) => Promise<string | null>;

export async function createReader(): Promise<Reader> {
  return (await nativeReader()) ?? (await ownReader());
}

async function nativeReader(): Promise<Reader | null> {
  const { BarcodeDetector } = globalThis as { BarcodeDetector?: DetectorClass };
  if (BarcodeDetector === undefined) return null;
  // There may be a class without anything behind it.
  const formats = await BarcodeDetector.getSupportedFormats().catch((): string[] => []);
  if (!formats.includes('qr_code')) return null;
  const detector = new BarcodeDetector({ formats: ['qr_code'] });
  return async (video) => (await detector.detect(video))[0]?.rawValue ?? null;
}

/** A smaller picture is read sooner, and a code held to the camera fills most of it. */
const SIDE = 480;

async function ownReader(): Promise<Reader> {
  const { default: decode } = await import('qr/decode.js');
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d', { willReadFrequently: true });
  return (video) => {
    const { videoWidth: width, videoHeight: height } = video;
    if (context === null || width === 0 || height === 0) return Promise.resolve(null);
    const square = Math.min(width, height);
    canvas.width = canvas.height = Math.min(SIDE, square);
    const { width: side } = canvas;
    context.drawImage(video, (width - square) / 2, (height - square) / 2, square, square, 0, 0, side, side);
    try {
      return Promise.resolve(decode(context.getImageData(0, 0, side, side)));
    } catch {
      // how it says that there is none
      return Promise.resolve(null);
    }
  };
}

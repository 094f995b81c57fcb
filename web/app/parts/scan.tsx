import { useEffect, useRef, useState } from 'preact/hooks';
import { t } from '../language/language.ts';

const LOOK_EVERY_MS = 200;

interface ScanProps {
  /** a code that is meant for us */
  readonly wanted: RegExp;
  readonly found: (text: string) => void;
}

/** The camera, when it is asked for, until it has seen the code. Without one, or without leave, people type. */
export function Scan({ wanted, found }: ScanProps) {
  const [open, setOpen] = useState(false);
  const [failed, setFailed] = useState(false);
  if (!('mediaDevices' in navigator)) return null;
  return (
    <>
      <button type="button" aria-expanded={open} onClick={() => (setFailed(false), setOpen(!open))}>
        {t(open ? 'scan.stop' : 'scan.start')}
      </button>
      <p role="status">{failed ? t('scan.failed') : open ? t('scan.how') : ''}</p>
      {open && (
        <Camera
          wanted={wanted}
          found={(text) => (setOpen(false), found(text))}
          failed={() => (setOpen(false), setFailed(true))}
        />
      )}
    </>
  );
}

function Camera({ wanted, found, failed }: ScanProps & { readonly failed: () => void }) {
  const video = useRef<HTMLVideoElement>(null);
  // What the person has answered while the camera was open counts.
  const latest = useRef({ found, failed });
  latest.current = { found, failed };
  useEffect(() => {
    const stopping = new AbortController();
    const { signal } = stopping;
    if (video.current !== null)
      void watch(video.current, wanted, signal).then(
        (text) => latest.current.found(text),
        () => latest.current.failed(),
      );
    return () => stopping.abort();
    // The camera is opened once, whatever is drawn anew meanwhile.
  }, []);
  return <video ref={video} class="camera" muted playsInline aria-label={t('scan.camera')} />;
}

/** @returns the wanted text; never, when stopped. @throws when there is no camera, or no leave to use it */
async function watch(video: HTMLVideoElement, wanted: RegExp, stop: AbortSignal): Promise<string> {
  const [stream, { createReader }] = await Promise.all([
    navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } }),
    import('../scanner.ts'),
  ]);
  const end = (): void => stream.getTracks().forEach((track) => track.stop());
  stop.addEventListener('abort', end);
  if (stop.aborted) end();
  try {
    video.srcObject = stream;
    await video.play();
    const look = await createReader();
    for (;;) {
      const text = await look(video);
      if (text !== null && wanted.test(text) && !stop.aborted) return text;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      if (stop.aborted) return await new Promise<never>(() => undefined);
    }
  } finally {
    end();
  }
}

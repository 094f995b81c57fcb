import { useEffect, useRef, useState } from 'preact/hooks';
import { read } from '../../engine/api.ts';
import { t } from '../language/language.ts';
import { QrCode } from './qrCode.tsx';
import { onNews } from '../live.ts';

/** After too many wrong codes whoever stands at the door waits for new ones no longer than this. */
const ASK_EVERY_MS = 30_000;

/** The 8 digits, shown when asked for and never kept. After a lock the next look brings new ones. */
export function HandoverCode({ offerId }: { readonly offerId: string }) {
  const [shown, setShown] = useState(false);
  const [code, setCode] = useState<string | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    if (!shown) return;
    const ask = async (): Promise<void> => {
      try {
        setCode((await read<{ code: string }>(`/v1/offers/${offerId}/handover-code`)).code);
        setFailed(false);
      } catch {
        setFailed(true);
      }
    };
    void ask();
    const stopNews = onNews(() => void ask());
    const asking = setInterval(() => {
      if (document.visibilityState === 'visible') void ask();
    }, ASK_EVERY_MS);
    return () => {
      stopNews();
      clearInterval(asking);
    };
  }, [shown, offerId]);
  if (!shown) {
    return (
      <button class="primary" onClick={() => setShown(true)}>
        {t('food.code.show')}
      </button>
    );
  }
  if (code === null) return <Failed failed={failed} again={() => (setFailed(false), setShown(false))} />;
  return (
    <>
      <Digits code={code} />
      <QrCode text={code} label={t('food.code.image', { code })} />
      <p>{t('food.code.how')}</p>
    </>
  );
}

function Digits({ code }: { readonly code: string }) {
  const shown = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    // The button that asked for it is gone, and the focus with it: unless it is elsewhere by now the digits are read out.
    if (document.activeElement === document.body) shown.current?.focus();
  }, []);
  return (
    <p class="digits" ref={shown} tabIndex={-1}>
      {code.replace(/(\d{4})(\d{4})/, '$1 $2')}
    </p>
  );
}

function Failed({ failed, again }: { readonly failed: boolean; readonly again: () => void }) {
  if (!failed) return <p>{t('app.loading')}</p>;
  return (
    <p role="alert">
      {t('food.code.failed')} <button onClick={again}>{t('app.back')}</button>
    </p>
  );
}

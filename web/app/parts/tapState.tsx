import { dismiss } from '../../engine/outbox.ts';
import { isNews, isUnseen, type Tap } from '../../engine/tap.ts';
import { t, word } from '../language/language.ts';
import { taps } from '../state.ts';

interface TapStatesProps {
  readonly subject: string;
  /** what was sent before the last tap is no news: it has been tapped back and forth */
  readonly latest?: boolean;
}

/** What became of the taps on one offer or surplus: kept, sent, or refused and why. */
export function TapStates({ subject, latest = false }: TapStatesProps) {
  const news = taps.value.filter((tap) => tap.subject === subject && isNews(tap, Date.now()));
  const own = latest ? news.filter((tap, index) => index === 0 || tap.state !== 'sent') : news;
  return (
    <div role="status">
      {own.map((tap) => (
        <TapState key={tap.id} tap={tap} />
      ))}
    </div>
  );
}

export function TapState({ tap }: { readonly tap: Tap }) {
  const what = t(`tap.${tap.kind}`);
  if (tap.state === 'queued') return <p class="tap queued">{t('tap.queued', { what })}</p>;
  if (tap.state === 'sent') return <p class="tap sent">{t('tap.sent', { what })}</p>;
  return (
    <p class="tap refused">
      {refusedWords(tap)} <button onClick={() => void dismiss(tap.id)}>{t('tap.dismiss')}</button>
    </p>
  );
}

export function refusedWords({ kind, refusal }: Pick<Tap, 'kind' | 'refusal'>): string {
  const { code, detail } = refusal ?? { code: 'other', detail: '' };
  return t('tap.refused', { what: t(`tap.${kind}`), why: word('refused', code, 'refused.other', { detail }) });
}

/** No second tap over one that the list does not show yet. @param seenAtMs when the list was asked for */
export function isPending(subject: string, seenAtMs: number): boolean {
  return taps.value.some((tap) => tap.subject === subject && isUnseen(tap, seenAtMs, Date.now()));
}

import { read } from '../../engine/api.ts';
import { t, word } from '../language/language.ts';
import type { Page } from '../pages.ts';
import { tap } from '../live.ts';
import { isPending, TapStates } from '../parts/tapState.tsx';
import { clockTime } from '../state.ts';
import { useSeen } from '../useSeen.ts';

interface Letter {
  readonly seq: number;
  readonly at: string;
  readonly cause: string;
  readonly detail: string;
  readonly lotId: string | null;
  readonly donorName: string | null;
}

/** Dead letters: what could not be done by itself, oldest first. */
export function Letters() {
  const letters = useSeen('letters', () => read<Page<Letter>>('/v1/dead-letters?limit=50'));
  const page = letters.value.value;
  if (page === null) return <p>{letters.failed.value ? t('app.failed') : t('app.loading')}</p>;
  if (page.items.length === 0) return <p>{t('letters.empty')}</p>;
  return (
    <>
      {page.items.map((letter) => (
        <LetterCard key={letter.seq} letter={letter} seenAtMs={letters.atMs.value} />
      ))}
    </>
  );
}

function LetterCard({ letter, seenAtMs }: { readonly letter: Letter; readonly seenAtMs: number }) {
  const subject = `letter:${String(letter.seq)}`;
  const replay = (): void => {
    const path = `/v1/dead-letters/${String(letter.seq)}/replay`;
    void tap({ kind: 'replay', subject, method: 'POST', path, body: {} });
  };
  return (
    <article class="card line">
      <h2>{word('letter', letter.cause, 'letter.other', { cause: letter.cause })}</h2>
      <p>{clockTime(letter.at)}</p>
      {letter.donorName != null && <p>{t('lot.donor', { name: letter.donorName })}</p>}
      {letter.detail !== '' && <p class="small">{letter.detail}</p>}
      <TapStates subject={subject} />
      <div class="row">
        {!isPending(subject, seenAtMs) && <button onClick={replay}>{t('letters.replay')}</button>}
        {letter.lotId !== null && (
          <a class="button" href={`#/surplus/${encodeURIComponent(letter.lotId)}`}>
            {t('letters.lot')}
          </a>
        )}
      </div>
    </article>
  );
}

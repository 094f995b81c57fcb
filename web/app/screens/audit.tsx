import { useEffect, useState } from 'preact/hooks';
import { read } from '../../engine/api.ts';
import { t, word } from '../language/language.ts';
import type { Page } from '../pages.ts';
import { Back } from '../parts/back.tsx';
import { clockTime } from '../state.ts';

interface Entry {
  readonly id: string;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly subjectName: string | null;
  readonly recipientName: string | null;
  readonly why: string | null;
}

const PAGE = 20;

/** What operators did, newest first. @param subject `lot:…`, `recipient:…`; empty: all of it */
export function Audit({ subject }: { readonly subject: string }) {
  const [entries, setEntries] = useState<readonly Entry[] | null>(null);
  const [cursor, setCursor] = useState<string | null>(null);
  const [failed, setFailed] = useState(false);
  const ask = async (before: readonly Entry[], after: string | null): Promise<void> => {
    try {
      const page = await readPage(subject, after);
      setEntries([...before, ...page.items]);
      setCursor(page.nextCursor);
      setFailed(false);
    } catch {
      setFailed(true);
    }
  };
  useEffect(() => void ask([], null), [subject]);
  return (
    <>
      <Back />
      <p>{t(subject === '' ? 'audit.how' : 'audit.how.one')}</p>
      {failed && <p role="alert">{t('app.failed.once')}</p>}
      {entries === null && !failed && <p>{t('app.loading')}</p>}
      {entries?.length === 0 && <p>{t('audit.empty')}</p>}
      {entries?.map((entry) => (
        <EntryCard key={entry.id} entry={entry} />
      ))}
      {entries !== null && cursor !== null && (
        <button onClick={() => void ask(entries, cursor)}>{t('app.more')}</button>
      )}
    </>
  );
}

async function readPage(subject: string, after: string | null): Promise<Page<Entry>> {
  const about = subject === '' ? '' : `&subject=${encodeURIComponent(subject)}`;
  const from = after === null ? '' : `&cursor=${encodeURIComponent(after)}`;
  return await read<Page<Entry>>(`/v1/audit?limit=${String(PAGE)}${about}${from}`);
}

function EntryCard({ entry }: { readonly entry: Entry }) {
  const { action, actor, at, recipientName, subject, subjectName, why } = entry;
  const [kind, id = ''] = subject.split(':');
  return (
    <article class="card line">
      <h2>{word('audit.did', action, 'audit.did.other', { action })}</h2>
      <p>{t('audit.by', { actor, time: clockTime(at) })}</p>
      {kind === 'lot' ? (
        <>
          {subjectName !== null && <p>{t('lot.donor', { name: subjectName })}</p>}
          {recipientName !== null && <p>{t('lot.recipient', { name: recipientName })}</p>}
        </>
      ) : (
        <p class={subjectName === null ? 'small' : ''}>{t('audit.about', { name: subjectName ?? id })}</p>
      )}
      {why !== null && <p>{t('audit.why', { why })}</p>}
      {kind === 'lot' && (
        <a class="button" href={`#/surplus/${encodeURIComponent(id)}`}>
          {t('letters.lot')}
        </a>
      )}
    </article>
  );
}

import { useEffect, useMemo } from 'preact/hooks';
import type { ImpactFactors } from '#core/words/impact.ts';
import { read } from '../../engine/api.ts';
import { kilograms } from '../language/amounts.ts';
import { language, LOCALES, t } from '../language/language.ts';
import { Back } from '../parts/back.tsx';
import { ImpactHow, ImpactSums } from '../parts/impactSums.tsx';
import { categoryName } from '../parts/offerFacts.tsx';
import { createSeen } from '../seen.ts';
import { clockTime, go, member, nowMs, timeZone } from '../state.ts';

interface Report {
  readonly name: string;
  readonly isComplete: boolean;
  readonly handedOverGrams: number;
  readonly handovers: number;
  readonly items: readonly {
    readonly at: string;
    readonly offerId: string;
    readonly category: string;
    readonly quantityGrams: number;
    readonly recipientName: string;
  }[];
  readonly csv: string;
  readonly receipt: string | null;
  /** left out: told by a server, or kept by a phone, of a version before */
  readonly factors?: ImpactFactors;
}

const MONTHS_BACK = 12;

/** A donor's month, to look at, to keep as a file, to print. @param month YYYY-MM; empty: this one */
export function ReportScreen({ month }: { readonly month: string }) {
  const months = lastMonths(timeZone.value, nowMs.peek());
  const chosen = months.find((each) => each === month) ?? months[0] ?? '';
  const id = member.value?.organisationId ?? '';
  const one = useMemo(
    () => createSeen(`report ${chosen}`, () => read<Report>(`/v1/donors/${id}/reports/${chosen}`)),
    [id, chosen],
  );
  useEffect(() => void one.refresh(), [one]);
  const report = one.value.value;
  return (
    <>
      <div class="screen-only">
        <Back />
        <label for="month">{t('report.month')}</label>
        <select id="month" value={chosen} onChange={(event) => go('report', event.currentTarget.value)}>
          {months.map((each) => (
            <option key={each} value={each}>
              {monthName(each)}
            </option>
          ))}
        </select>
      </div>
      {report === null ? (
        <p>{one.failed.value ? t('app.failed') : t('app.loading')}</p>
      ) : (
        <OneReport report={report} month={chosen} />
      )}
    </>
  );
}

function OneReport({ report, month }: { readonly report: Report; readonly month: string }) {
  return (
    <article>
      <h2 class="part">{t('report.for', { name: report.name, month: monthName(month) })}</h2>
      {!report.isComplete && <p>{t('report.open')}</p>}
      <p class="lead">
        <strong>{t('report.sum', { kg: kilograms(report.handedOverGrams) })}</strong>
        {' · '}
        {t('report.count', { count: report.handovers })}
      </p>
      {report.factors !== undefined && (
        <>
          <ImpactSums title={t('report.impact')} grams={report.handedOverGrams} factors={report.factors} />
          <ImpactHow factors={report.factors} />
        </>
      )}
      <h3>{t('report.list')}</h3>
      <ul class="facts">
        {report.items.map((item) => (
          <li key={item.offerId}>{lineOf(item)}</li>
        ))}
      </ul>
      <div class="row screen-only">
        <button onClick={() => saveFile(`report-${month}.csv`, 'text/csv', report.csv)}>{t('report.csv')}</button>
        <button onClick={() => print()}>{t('report.print')}</button>
      </div>
      {report.receipt !== null && <Receipt month={month} receipt={report.receipt} />}
    </article>
  );
}

function Receipt({ month, receipt }: { readonly month: string; readonly receipt: string }) {
  return (
    <>
      <h3>{t('report.receipt.title')}</h3>
      <p>{t('report.receipt.how', { url: `${location.origin}/.well-known/jwks.json` })}</p>
      <p class="url small">{receipt}</p>
      <div class="row screen-only">
        <button onClick={() => saveFile(`receipt-${month}.jws`, 'application/jose', receipt)}>
          {t('report.receipt')}
        </button>
      </div>
    </>
  );
}

function lineOf({ at, category, quantityGrams, recipientName }: Report['items'][number]): string {
  const food = t('food.amount', { kg: kilograms(quantityGrams), category: categoryName(category) });
  return t('report.line', { time: clockTime(at), food, name: recipientName });
}

/** Newest first, by the calendar there; YYYY-MM. */
function lastMonths(zone: string, atMs: number): string[] {
  const parts = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit' });
  const [year = 0, month = 0] = parts.format(atMs).split('-').map(Number);
  return Array.from({ length: MONTHS_BACK }, (_, back) =>
    new Date(Date.UTC(year, month - 1 - back, 1)).toISOString().slice(0, 7),
  );
}

function monthName(month: string): string {
  const format = { timeZone: 'UTC', month: 'long', year: 'numeric' } as const;
  return new Intl.DateTimeFormat(LOCALES[language.value], format).format(Date.parse(`${month}-01T00:00:00Z`));
}

function saveFile(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

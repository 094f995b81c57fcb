/** RFC 4180, for spreadsheets: names of columns in the API's words, UTF-8 with a byte order mark, so that names keep their letters. */
import type { HandoverRow } from '#adapters/postgres/sql/listHandovers.ts';

const COLUMNS = ['handed_over_at', 'category', 'storage', 'grams', 'recipient', 'surplus_id', 'offer_id'];
const BYTE_ORDER_MARK = '\uFEFF';

/** @param localTime of a moment (unix ms), as the donor's clock shows it, with its offset */
export function csvOf(rows: readonly HandoverRow[], localTime: (atMs: number) => string): string {
  const lines = rows.map((row) => [
    localTime(row.at.getTime()),
    row.category,
    row.storage,
    String(row.quantityGrams),
    row.recipientName,
    row.surplusId,
    row.offerId,
  ]);
  return BYTE_ORDER_MARK + [COLUMNS, ...lines].map((line) => `${line.map(quoted).join(',')}\r\n`).join('');
}

/** A name that begins like a formula must not become one in somebody's spreadsheet (OWASP, CSV injection). */
function quoted(field: string): string {
  const harmless = /^[=+\-@\t\r]/.test(field) ? `'${field}` : field;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

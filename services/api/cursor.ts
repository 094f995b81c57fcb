import { malformed } from './problems.ts';

/** Where a list goes on: a time and an id, newest first. Opaque to clients. */
export interface Cursor {
  /** RFC 3339 */
  readonly at: string;
  readonly id: string;
}

const MAX_CURSOR_LENGTH = 256;

export function cursorText({ at, id }: Cursor): string {
  return Buffer.from(JSON.stringify([Date.parse(at), id])).toString('base64url');
}

/** @throws Problem malformed-request when the text is no cursor of ours */
export function parseCursor(text: string | undefined): Cursor | null {
  if (text === undefined) return null;
  const parsed = text.length <= MAX_CURSOR_LENGTH ? jsonOf(Buffer.from(text, 'base64url').toString('utf8')) : null;
  if (!Array.isArray(parsed) || parsed.length !== 2) throw malformed('cursor', 'is no cursor of this list');
  const [atMs, id] = parsed as [unknown, unknown];
  if (!isTime(atMs) || typeof id !== 'string' || !/^[\w-]{1,100}$/.test(id))
    throw malformed('cursor', 'is no cursor of this list');
  return { at: new Date(atMs).toISOString(), id };
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value < Date.UTC(2200, 0, 1);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

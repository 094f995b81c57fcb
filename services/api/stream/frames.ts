/** Server-sent events as text. https://html.spec.whatwg.org/multipage/server-sent-events.html */
import type { FeedPosition } from '#adapters/nats/lotFeed.ts';

export const HEARTBEAT = ': alive\n\n';

export function frame(event: string, data: object, id: string | null): string {
  return `${id === null ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** An event's id: which stream, and where in it. */
export function eventIdOf({ stream, seq }: FeedPosition): string {
  return `${identityOf(stream)}.${String(seq)}`;
}

/** @returns the place after which to go on, or null when the id is of another stream or none of ours */
export function seqOfEventId(id: string, stream: string): number | null {
  const match = /^([0-9a-z]{1,16})\.([0-9]{1,15})$/.exec(id);
  return match?.[1] === identityOf(stream) ? Number(match[2]) : null;
}

function identityOf(created: string): string {
  return Date.parse(created).toString(36);
}

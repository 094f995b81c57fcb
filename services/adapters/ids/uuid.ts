import { v7 } from 'uuid';

/** uuid v7 (RFC 9562) whose time is `atMs` (unix ms). */
export function newUuid(atMs: number): string {
  return v7({ msecs: Math.floor(atMs) });
}

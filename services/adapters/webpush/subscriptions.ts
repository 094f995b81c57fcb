import { createHash } from 'node:crypto';

/** The key of a push subscription's row: of an endpoint only its digest is stored in the clear. */
export function endpointDigest(endpoint: string): string {
  return createHash('sha256').update(endpoint).digest('hex');
}

/** What a sealed subscription is bound to (see crypto/sealed.ts): a cipher moved to another row doesn't open. */
export function pushContext(digest: string): string {
  return `push-subscription:${digest}`;
}

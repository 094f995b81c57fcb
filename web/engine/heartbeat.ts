/** This device tells the server that its push subscription is alive, or is no more. */
import { authorized, type Asked } from './api.ts';

/**
 * @param arrived a push was shown just now. @param asked in whose name
 * @returns false: the server knows no such subscription of theirs. @throws when there is no answer, or they are not signed in
 */
export async function heard(endpoint: string, arrived: boolean, asked: Pick<Asked, 'owner'> = {}): Promise<boolean> {
  const { status, code } = await authorized('POST', `${await pathOf(endpoint)}/heartbeat`, {
    body: { arrived },
    ...asked,
  });
  if (status === 401) throw new Error(code);
  return status !== 404;
}

/** Whoever is signed in is told here no longer. @throws when there is no answer */
export async function forgotten(endpoint: string): Promise<void> {
  await authorized('DELETE', await pathOf(endpoint));
}

async function pathOf(endpoint: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(endpoint));
  const id = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return `/v1/push-subscriptions/${id}`;
}

/** This device tells the server that its push subscription is alive. */
import { authorized } from './api.ts';

/** @param arrived a push was shown just now. @returns false: the server knows it no more. @throws when there is no answer */
export async function heard(endpoint: string, arrived: boolean): Promise<boolean> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(endpoint));
  const id = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const answer = await authorized('POST', `/v1/push-subscriptions/${id}/heartbeat`, { body: { arrived } });
  return answer.status !== 404;
}

import { request, type Dispatcher } from 'undici';

export interface PostOptions {
  readonly dispatcher: Dispatcher;
  readonly headers: Record<string, string>;
  readonly body: string | Buffer | null;
  readonly timeoutMs: number;
}

/** What somebody else's server answered; or what kept it from answering in time, by its error's name alone. */
export type Posted = { readonly status: number; readonly retryAfterMs: number | null } | { readonly failed: string };

/** Never throws. Redirects are not followed, and what stands in the answer is not read. */
export async function postOnce(url: string, { timeoutMs, ...given }: PostOptions): Promise<Posted> {
  try {
    const response = await request(url, { ...given, method: 'POST', signal: AbortSignal.timeout(timeoutMs) });
    await response.body.dump();
    const seconds = Number(response.headers['retry-after']);
    return { status: response.statusCode, retryAfterMs: seconds > 0 ? seconds * 1000 : null };
  } catch (error) {
    return { failed: error instanceof Error ? error.name : 'unknown' };
  }
}

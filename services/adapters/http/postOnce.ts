import { request, type Dispatcher } from 'undici';

export interface PostOptions {
  readonly dispatcher: Dispatcher;
  readonly headers: Record<string, string>;
  readonly body: string | Buffer | null;
  readonly timeoutMs: number;
  /** how much of what stands in the answer is worth reading; none by default */
  readonly readBytes?: number;
}

/** What somebody else's server answered; or what kept it from answering in time, by its error's name alone. */
export type Posted =
  | { readonly status: number; readonly retryAfterMs: number | null; readonly said: string }
  | { readonly failed: string };

/** Never throws. Redirects are not followed. */
export async function postOnce(url: string, { timeoutMs, readBytes = 0, ...given }: PostOptions): Promise<Posted> {
  try {
    const response = await request(url, { ...given, method: 'POST', signal: AbortSignal.timeout(timeoutMs) });
    const said = readBytes === 0 ? '' : await beginningOf(response.body, readBytes);
    await response.body.dump();
    const seconds = Number(response.headers['retry-after']);
    return { status: response.statusCode, retryAfterMs: seconds > 0 ? seconds * 1000 : null, said };
  } catch (error) {
    return { failed: error instanceof Error ? error.name : 'unknown' };
  }
}

async function beginningOf(body: AsyncIterable<Buffer>, mostBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= mostBytes) break;
  }
  return Buffer.concat(chunks).toString('utf8', 0, mostBytes);
}

import { connect } from 'node:net';

const PROBE_WITHIN_MS = 1_000;

/** Resolves when the address answers with a 2xx. */
export async function answersHttp(url: string): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(PROBE_WITHIN_MS) });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`${url}: ${String(response.status)}`);
}

/** Resolves when a server on that port, sent `question`, says something that starts with `expected`. */
export function answersTcp(port: number, question: string, expected: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    socket.setTimeout(PROBE_WITHIN_MS, () => {
      fail(new Error('timeout'));
    });
    socket.once('error', fail);
    socket.once('connect', () => socket.write(question));
    socket.once('data', (data) => {
      if (!data.toString('latin1').startsWith(expected)) {
        fail(new Error(`unexpected answer on port ${String(port)}`));
        return;
      }
      socket.destroy();
      resolve();
    });
  });
}

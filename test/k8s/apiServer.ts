/** What the API server says, asked without a kubectl process for each question. */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'undici';

/* eslint-disable @typescript-eslint/no-explicit-any -- Kubernetes objects, read as they come */
export interface KubeObject {
  readonly kind: string;
  readonly metadata: any;
  readonly spec: any;
  readonly status: any;
}
/* eslint-enable */

export interface ApiServer {
  readonly url: string;
  /** null: there is no such object. @throws Error when it answers something else than 200 or 404 */
  get(path: string): Promise<KubeObject | null>;
  list(path: string): Promise<readonly KubeObject[]>;
  /** resolves when it answers 200 there */
  answers(path: string): Promise<void>;
  close(): Promise<void>;
}

const ANSWERS_WITHIN_MS = 10_000;

export function talkTo(url: string, authorityFile: string, token: string): ApiServer {
  // Read at the first question: the file is made when the API server is.
  let agent: Agent | undefined;
  const ask = async (path: string): Promise<{ status: number; body: unknown }> => {
    agent ??= new Agent({ connect: { ca: readFileSync(authorityFile) } });
    const answer = await request(`${url}${path}`, {
      dispatcher: agent,
      headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
      headersTimeout: ANSWERS_WITHIN_MS,
      bodyTimeout: ANSWERS_WITHIN_MS,
    });
    const text = await answer.body.text();
    const isJson = String(answer.headers['content-type']).includes('json');
    return { status: answer.statusCode, body: isJson ? (JSON.parse(text) as unknown) : text };
  };
  const get = async (path: string): Promise<unknown> => {
    const { status, body } = await ask(path);
    if (status === 404) return null;
    if (status !== 200) throw new Error(`the API server answers ${String(status)} to ${path}: ${JSON.stringify(body)}`);
    return body;
  };
  return {
    url,
    get: async (path) => (await get(path)) as KubeObject | null,
    list: async (path) => ((await get(path)) as { items: KubeObject[] } | null)?.items ?? [],
    answers: async (path) => {
      const { status } = await ask(path);
      if (status !== 200) throw new Error(`${path}: ${String(status)}`);
    },
    close: async () => void (await agent?.destroy()),
  };
}

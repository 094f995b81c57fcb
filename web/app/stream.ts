/** The stream of one's own news (server-sent events), over fetch: EventSource can't send a token. */
import { createParser } from 'eventsource-parser';
import { dropToken, session } from '../engine/session.ts';

export interface Stream {
  stop(): void;
}

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;
/** The server says something every 15 s. */
const SILENT_MS = 40_000;

/** Goes on where it stopped, until stopped. @param state whether it is connected. @param heard that something has changed */
export function openStream(heard: () => void, state: (connected: boolean) => void): Stream {
  const stopping = new AbortController();
  void follow(heard, state, stopping.signal);
  return { stop: () => stopping.abort() };
}

async function follow(heard: () => void, state: (connected: boolean) => void, stop: AbortSignal): Promise<void> {
  let lastEventId = '';
  let retryMs = FIRST_RETRY_MS;
  while (!stop.aborted) {
    try {
      lastEventId = await readOnce(lastEventId, stop, heard, () => {
        retryMs = FIRST_RETRY_MS;
        state(true);
      });
    } catch (error) {
      if (error instanceof Lost) lastEventId = error.lastEventId;
    }
    state(false);
    if (stop.aborted) return;
    await pause(retryMs * (0.5 + Math.random() / 2), stop);
    retryMs = Math.min(LONGEST_RETRY_MS, retryMs * 2);
  }
}

/** The connection broke; where it had come to. */
class Lost extends Error {
  readonly lastEventId: string;
  constructor(lastEventId: string) {
    super('the stream was lost');
    this.lastEventId = lastEventId;
  }
}

/** @returns the last event's id when the server ends it. @throws Lost */
async function readOnce(from: string, stop: AbortSignal, heard: () => void, connected: () => void): Promise<string> {
  let lastEventId = from;
  const held = await session();
  if (held === null) throw new Lost(from);
  const silence = new AbortController();
  const waking = setInterval(() => {
    if (performance.now() - lastHeardMs > SILENT_MS) silence.abort();
  }, 5_000);
  let lastHeardMs = performance.now();
  const parser = createParser({
    onEvent: ({ id, event }) => {
      if (id !== undefined) lastEventId = id;
      if (event !== 'reauthenticate') heard();
    },
  });
  try {
    const response = await fetch('/v1/stream', {
      headers: {
        authorization: `Bearer ${held.accessToken}`,
        ...(from === '' ? {} : { 'last-event-id': from }),
      },
      cache: 'no-store',
      signal: AbortSignal.any([stop, silence.signal]),
    });
    if (response.status === 401) dropToken();
    if (!response.ok || response.body === null) throw new Lost(from);
    connected();
    const text = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await text.read();
      if (done) return lastEventId;
      lastHeardMs = performance.now();
      parser.feed(value);
    }
  } catch {
    throw new Lost(lastEventId);
  } finally {
    clearInterval(waking);
    silence.abort();
  }
}

function pause(waitMs: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, waitMs);
    stop.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

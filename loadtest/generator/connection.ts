/** One keep-alive HTTP/1.1 connection, one request at a time; no more than the bench needs, since it shares the box with what it measures. */
import { connect, type Socket } from 'node:net';

export interface Connection {
  send(request: string): void;
  close(): void;
}

export interface ConnectionEvents {
  readonly ready: (connection: Connection) => void;
  readonly answered: (connection: Connection, answer: HttpAnswer) => void;
  /** lost, with or without a request under way */
  readonly lost: (connection: Connection) => void;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
  /** 0: none given */
  readonly retryAfterSeconds: number;
}

const HEAD_END = '\r\n\r\n';

export function openConnection(port: number, events: ConnectionEvents): Connection {
  const socket: Socket = connect({ host: '127.0.0.1', port, noDelay: true });
  // One character a byte: lengths agree with Content-Length.
  socket.setEncoding('latin1');
  let received = '';
  const connection: Connection = {
    send: (request) => void socket.write(request),
    close: () => void socket.destroy(),
  };
  socket.on('connect', () => events.ready(connection));
  socket.on('data', (chunk: string) => {
    received += chunk;
    const answer = wholeAnswer(received);
    if (answer === null) return;
    received = '';
    events.answered(connection, answer);
  });
  socket.on('error', () => undefined);
  socket.on('close', () => events.lost(connection));
  return connection;
}

function wholeAnswer(received: string): HttpAnswer | null {
  const headEnd = received.indexOf(HEAD_END);
  if (headEnd < 0) return null;
  const head = received.slice(0, headEnd);
  const bodyLength = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
  const bodyStart = headEnd + HEAD_END.length;
  if (received.length < bodyStart + bodyLength) return null;
  const retryAfterSeconds = Number(/\r\nretry-after: *(\d+)/i.exec(head)?.[1] ?? 0);
  return { status: Number(head.slice(9, 12)), body: received.slice(bodyStart), retryAfterSeconds };
}

/** A local receiver of PagerDuty Events v2. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Alert {
  readonly event_action: string;
  readonly dedup_key: string;
  readonly routing_key: string;
  readonly payload?: { readonly summary: string; readonly severity: string };
}

export interface AlertReceiver {
  readonly url: string;
  readonly alerts: Alert[];
  stop(): Promise<void>;
}

export async function receiveAlerts(): Promise<AlertReceiver> {
  const alerts: Alert[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    request.on('end', () => {
      const alert = JSON.parse(text) as Alert;
      alerts.push(alert);
      response.writeHead(202, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ status: 'success', message: 'Event processed', dedup_key: alert.dedup_key }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}/v2/enqueue`,
    alerts,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

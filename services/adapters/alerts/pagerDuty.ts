import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { request } from 'undici';

export interface Alert {
  /** one incident for all alerts with this key */
  readonly dedupKey: string;
  readonly summary: string;
  readonly severity: 'critical' | 'error' | 'warning' | 'info';
  readonly details: Record<string, string | number>;
}

export interface Alerts {
  /** Opens or updates the incident. @throws when it could not be sent */
  raise(alert: Alert): Promise<void>;
  /** Closes the incident. @throws when it could not be sent */
  resolve(dedupKey: string): Promise<void>;
}

export interface PagerDutyOptions {
  /** Events API v2, e.g. https://events.pagerduty.com/v2/enqueue; empty: alerts are only logged */
  readonly url: string;
  readonly routingKey: string;
  /** who speaks, in the alert */
  readonly source: string;
  readonly log: Pick<Logger, 'warn'>;
}

const TIMEOUT_MS = 5_000;
const TRIES = 3;
const FIRST_RETRY_MS = 500;
/** Limits of the Events API v2. */
const MAX_SUMMARY = 1_024;

export function createAlerts(options: PagerDutyOptions): Alerts {
  const send = options.url === '' ? logOnly(options.log) : (event: object) => post(options, event);
  return {
    raise: (alert) =>
      send({
        event_action: 'trigger',
        dedup_key: alert.dedupKey,
        payload: {
          summary: alert.summary.slice(0, MAX_SUMMARY),
          source: options.source,
          severity: alert.severity,
          custom_details: alert.details,
        },
      }),
    resolve: (dedupKey) => send({ event_action: 'resolve', dedup_key: dedupKey }),
  };
}

function logOnly(log: PagerDutyOptions['log']): (event: object) => Promise<void> {
  return (event) => {
    log.warn({ alert: event }, 'alert (PAGERDUTY_EVENTS_URL is not set)');
    return Promise.resolve();
  };
}

/** 429 and 5xx are tried again; anything else but 2xx is a fault of ours. */
async function post(options: PagerDutyOptions, event: object): Promise<void> {
  let because = '';
  for (let tried = 0; tried < TRIES; tried++) {
    if (tried > 0) await pause(FIRST_RETRY_MS * 2 ** (tried - 1));
    const status = await postOnce(options, event);
    if (typeof status === 'number' && status >= 200 && status < 300) return;
    because = String(status);
    if (typeof status === 'number' && status !== 429 && status < 500) break;
  }
  throw new Error(`the alert was not taken: ${because}`);
}

/** @returns the status, or why there is none */
async function postOnce(options: PagerDutyOptions, event: object): Promise<number | string> {
  try {
    const response = await request(options.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ routing_key: options.routingKey, ...event }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.body.dump();
    return response.statusCode;
  } catch (error) {
    return error instanceof Error ? error.message : 'unknown';
  }
}

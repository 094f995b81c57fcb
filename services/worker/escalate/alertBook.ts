/**
 * One alert per region and cause, with the count of its open dead letters: the first at once, updates throttled, and
 * resolved when none is left. Counts come from the stream, so that every worker sees the same and a restart forgets nothing.
 */
import type { Logger } from 'pino';
import type { Alerts } from '#adapters/alerts/pagerDuty.ts';

export interface AlertBookPorts {
  readonly alerts: Alerts;
  /** open dead letters by subject `dead.<region>.<cause>` */
  readonly counts: () => Promise<ReadonlyMap<string, number>>;
  readonly log: Pick<Logger, 'warn'>;
  readonly throttleMs?: number;
}

export interface AlertBook {
  /** A dead letter came in: resolves when an alert for its subject has gone out, or one went out just before. @throws when it can't be sent */
  note(subject: string): Promise<void>;
  /** Sends throttled updates, resolves what is done with. */
  round(): Promise<void>;
}

interface Page {
  sentMs: number;
  /** letters came since it was sent */
  stale: boolean;
}

const THROTTLE_MS = 30_000;

export function createAlertBook(ports: AlertBookPorts): AlertBook {
  const throttleMs = ports.throttleMs ?? THROTTLE_MS;
  const pages = new Map<string, Page>();
  const sending = new Map<string, Promise<void>>();

  const send = async (subject: string): Promise<void> => {
    const count = (await ports.counts()).get(subject) ?? 0;
    const before = pages.get(subject);
    if (before !== undefined) before.stale = false;
    try {
      // though nothing may have changed since: another worker may have resolved it meanwhile
      if (count > 0) await ports.alerts.raise(alertOf(subject, count));
      pages.set(subject, { sentMs: performance.now(), stale: pages.get(subject)?.stale ?? false });
    } catch (error) {
      if (before !== undefined) before.stale = true;
      throw error;
    }
  };
  /** letters that come together share one alert */
  const sendOnce = (subject: string): Promise<void> => {
    const running = sending.get(subject) ?? send(subject).finally(() => sending.delete(subject));
    sending.set(subject, running);
    return running;
  };
  /** A letter that comes while it is under way may have been told before it, an answer that is lost may come after one: then it is told once more. */
  const resolve = async (subject: string): Promise<void> => {
    const untold = (): unknown => pages.set(subject, { sentMs: Number.NEGATIVE_INFINITY, stale: true });
    pages.delete(subject);
    try {
      await ports.alerts.resolve(dedupKeyOf(subject));
      if (pages.has(subject) || (await ports.counts()).has(subject)) untold();
    } catch (error) {
      untold();
      throw error;
    }
  };
  return {
    note: async (subject) => {
      const page = pages.get(subject);
      if (page === undefined || performance.now() - page.sentMs >= throttleMs) await sendOnce(subject);
      else page.stale = true;
    },
    round: async () => {
      const counts = await ports.counts();
      for (const subject of counts.keys()) {
        const page = pages.get(subject);
        // there before we were: whoever noted it has sent its alert
        if (page === undefined) pages.set(subject, { sentMs: Number.NEGATIVE_INFINITY, stale: false });
        else if (page.stale && performance.now() - page.sentMs >= throttleMs)
          await sendOnce(subject).catch(warn(ports.log));
      }
      for (const subject of [...pages.keys()]) {
        if (!counts.has(subject)) await resolve(subject).catch(warn(ports.log));
      }
    },
  };
}

function warn(log: AlertBookPorts['log']): (error: unknown) => void {
  return (error) => {
    log.warn({ because: String(error) }, 'an alert could not be sent; trying again');
  };
}

const MEANINGS: Readonly<Record<string, string>> = {
  'rematch-exhausted': 'found no recipient; the food bank of last resort is asked',
  undeliverable: 'could not be processed',
};

function alertOf(subject: string, count: number) {
  const [, region = '', cause = ''] = subject.split('.');
  const what = cause === 'rematch-exhausted' ? 'surplus lots' : 'messages';
  return {
    dedupKey: dedupKeyOf(subject),
    summary: `${String(count)} ${what} in region ${region} ${MEANINGS[cause] ?? cause}`,
    severity: cause === 'rematch-exhausted' ? 'error' : 'critical',
    details: { region, cause, lots: count },
  } as const;
}

/** Of region and cause. */
function dedupKeyOf(subject: string): string {
  return `pahlawan-pangan/${subject.split('.').slice(1).join('/')}`;
}

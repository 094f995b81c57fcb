/** A stack with Prometheus on it, and people who post: what the alerts are fired on. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endSignal, undoing, untilEnd } from '../../dev/stack/ending.ts';
import { prometheusUrl } from '../../dev/stack/infrastructure/prometheus.ts';
import { startStack, type Stack } from '../../dev/stack/stack.ts';
import { type Disks, mountDisks } from '../faults/disks.ts';
import { seedCity } from '../faults/stage.ts';
import { breadOf, type Person, signIn, type SurplusSeen, until } from '../journey/people.ts';

export interface Place {
  readonly lat: number;
  readonly lon: number;
}

export interface AlertStage {
  readonly stack: Stack;
  readonly dir: string;
  /** small disks below PostgreSQL and NATS, or why there are none */
  readonly disks: Disks | { readonly because: string };
  /** one for each of many places */
  readonly donors: readonly (Person & { readonly at: Place })[];
  /** Prometheus's answer to a query: the values by their labels */
  query(promql: string): Promise<{ readonly metric: Record<string, string>; readonly value: number }[]>;
  /** names of the alerts that fire now */
  firing(): Promise<Set<string>>;
  stop(): Promise<void>;
}

const DONORS = 100;
const SETTINGS = {
  ACK_TIMEOUT_SECONDS: '3',
  RATE_LIMIT_DONOR: '1000000',
  RATE_LIMIT_RECIPIENT: '1000000',
  RATE_LIMIT_OPERATOR: '1000000',
};

/** Ctrl-C closes it, too. */
export async function openAlertStage(processes: Record<string, number>, withDisks: boolean): Promise<AlertStage> {
  return await untilEnd(open(processes, withDisks));
}

async function open(processes: Record<string, number>, withDisks: boolean): Promise<AlertStage> {
  const dir = mkdtempSync(join(tmpdir(), 'pahlawan-alerts-'));
  const disks = withDisks ? mountDisks(dir) : { because: 'not asked for' };
  const undo: (() => unknown)[] = [
    () => rmSync(dir, { recursive: true, force: true }),
    () => {
      if ('unmount' in disks) disks.unmount();
    },
  ];
  const stop = undoing(undo);
  try {
    const stack = await startStack({ dir, processes, metrics: true, env: SETTINGS, signal: endSignal() });
    undo.push(() => stack.stop());
    await seedCity(stack, 'helsinki');
    const donors = await signInDonors(stack);
    const url = prometheusUrl(stack.ports['prometheus'] ?? 0);
    const query: AlertStage['query'] = async (promql) => {
      const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(promql)}`);
      const { data } = (await answer.json()) as { data: { result: { metric: never; value: [number, string] }[] } };
      return data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
    };
    const firing = async (): Promise<Set<string>> =>
      new Set((await query('ALERTS{alertstate="firing"}')).map(({ metric }) => metric['alertname'] ?? ''));
    return { stack, dir, disks, donors, query, firing, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Their tokens are good for a quarter of an hour. */
export async function signInDonors(stack: Stack): Promise<AlertStage['donors']> {
  const where = { apiUrl: stack.env['API_URL'] ?? '', issuerUrl: stack.env['JWT_ISSUER_URL'] ?? '' };
  const operator = await signIn(where, 'operator');
  const { body } = await operator.get<{ items: { id: string; location: Place }[] }>(
    `/v1/donors?limit=${String(DONORS)}`,
  );
  const donors = await Promise.all(
    body.items.map(async ({ id, location }) => ({ ...(await signIn(where, 'donor', id)), at: location })),
  );
  const [first] = donors;
  if (first === undefined) throw new Error('the city has no donors');
  await until(
    'the first offer',
    () => first.post<SurplusSeen>('/v1/surplus', breadOf({ quantityGrams: 300 })),
    ({ body: surplus }) => surplus.offer !== null,
    30_000,
  );
  return donors;
}

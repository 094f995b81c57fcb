/** The whole stack, scraped for real: what alerts, dashboards and docs/observability.md name is there, counts once, and has bounded labels. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { prometheusUrl } from '../../dev/stack/infrastructure/prometheus.ts';
import { CHECKOUT } from '../../dev/stack/tools.ts';
import { testPool } from '../../dev/testing/freshDatabase.ts';
import { startHelsinki, type Helsinki } from '../journey/helsinki.ts';
import { breadOf, signIn, type OfferSeen, type Person, type SurplusSeen, until } from '../journey/people.ts';
import { expressions, rules } from './files.ts';
import { selectorsOf, type Selector } from './promql.ts';
import { questions, statements } from './runbooks.ts';
import { readMetrics, type Exported } from './exposition.ts';

const PROCESSES = ['api', 'actor-host', 'relay', 'worker'] as const;
/** Of Node and the process: prom-client's own, with labels of its own. */
const OF_THE_RUNTIME = /^(nodejs|process)_/;
/** Counted only when something goes wrong, and not here; HELP and TYPE stand there from the start. */
const NOT_HERE = new Set([
  'candidates_unavailable_total',
  'candidates_mended_total',
  'candidates_unreadable_recipients',
  'worker_pushes_total',
  'worker_wakes_total',
  'travel_store_failures_total',
  'api_stream_dropped_total',
]);

let helsinki: Helsinki;
let donor: Person;
const metersOf = new Map<string, Exported>();
const story: { ids: string[]; before: Exported | null } = { ids: [], before: null };

before(
  async () => {
    helsinki = await startHelsinki({ ACK_TIMEOUT_SECONDS: '60' }, {}, true);
    donor = await signIn(helsinki, 'donor', await helsinki.aDonor());
    story.before = await scrape('actor-host');
    await playOnce();
    await until(
      'the relay and the worker have done their part',
      async () => Promise.all([scrape('relay'), scrape('worker')]),
      ([relay, worker]) =>
        valueOf(relay, 'relay_lag_seconds_count') > 0 &&
        worker.samples.has('worker_messages_total') &&
        // looked at every few seconds
        worker.samples.has('worker_consumer_depth'),
    );
    for (const name of PROCESSES) metersOf.set(name, await scrape(name));
  },
  { timeout: 120_000 },
);
after(() => helsinki.stop());

async function scrape(name: string): Promise<Exported> {
  const answer = await fetch(`http://127.0.0.1:${String(helsinki.stack.ports[name])}/metrics`);
  return readMetrics(await answer.text());
}

function valueOf(exported: Exported | null, name: string, labels: Record<string, string> = {}): number {
  const samples = exported?.samples.get(name) ?? [];
  return samples
    .filter((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
    .reduce((sum, { value }) => sum + value, 0);
}

/** One post, declined once, accepted in part, handed over; every request sent twice under its key. */
async function playOnce(): Promise<void> {
  const twice = async <Body>(who: Person, path: string, body: unknown): Promise<Body> => {
    const key = crypto.randomUUID();
    const [first] = [await who.post<Body>(path, body, key), await who.post<Body>(path, body, key)];
    assert.ok(first.status < 300, JSON.stringify(first.body));
    return first.body;
  };
  const surplus = await twice<SurplusSeen>(donor, '/v1/surplus', breadOf({ quantityGrams: 5_000 }));
  const offerAfter = async (last: string): Promise<OfferSeen> => {
    const seen = await until(
      'an offer',
      async () => (await donor.get<SurplusSeen>(`/v1/surplus/${surplus.id}`)).body.offer,
      (offer) => offer !== null && offer.id !== last,
    );
    assert.ok(seen);
    return seen;
  };
  const first = await offerAfter('');
  const one = await signIn(helsinki, 'recipient', first.recipientId);
  await twice(one, `/v1/offers/${first.id}/decline`, { reason: 'closed today' });
  const second = await offerAfter(first.id);
  const other = await signIn(helsinki, 'recipient', second.recipientId);
  await twice(other, `/v1/offers/${second.id}/accept`, { quantityGrams: 3_000 });
  const { code } = (await donor.get<{ code: string }>(`/v1/offers/${second.id}/handover-code`)).body;
  await twice(other, `/v1/offers/${second.id}/handover`, { code });
  const nothing = await donor.get('/v1/no-such-thing');
  assert.equal(nothing.status, 404);
  const cell = surplus.id.slice(0, surplus.id.indexOf('-'));
  story.ids = [surplus.id, surplus.id.slice(cell.length + 1), cell, first.id, first.recipientId, second.recipientId];
}

it('what happened is counted once, though everything was asked twice', () => {
  const now = metersOf.get('actor-host') ?? null;
  const more = (name: string, labels?: Record<string, string>): number =>
    valueOf(now, name, labels) - valueOf(story.before, name, labels);
  assert.equal(more('surplus_posts_total', { outcome: 'offered' }), 1);
  assert.equal(more('surplus_match_latency_seconds_count'), 1);
  assert.equal(more('surplus_claim_latency_seconds_count'), 1);
  assert.equal(more('surplus_rematch_depth_sum'), 1);
  assert.equal(more('surplus_rematch_depth_count'), 1);
  assert.equal(more('matching_offers_total', { outcome: 'declined' }), 1);
  assert.equal(more('matching_offers_total', { outcome: 'accepted' }), 1);
  assert.equal(more('matching_offers_total', { outcome: 'collected' }), 1);
  // the post's two offers, and the one for the part that was left
  assert.ok(more('matching_offers_total', { outcome: 'matched' }) >= 2);
  assert.ok(Math.abs(more('food_waste_prevented_tons_total') - 0.003) < 1e-9);
  assert.ok(more('surplus_match_latency_seconds_sum') < 5);
});

describe('what is asked for is there', () => {
  const recorded = new Set(rules().flatMap(({ record }) => (record === undefined ? [] : [record])));
  const isOurs = ({ metric }: Selector): boolean => !recorded.has(metric) && metric !== 'up';
  for (const { of, expr } of [...expressions(), ...questions()])
    it(`${of}: ${expr.replaceAll(/\s+/g, ' ').slice(0, 60)}`, () => {
      for (const selector of selectorsOf(expr).filter(isOurs)) {
        const problem = missing(selector);
        assert.equal(problem, '', `${problem} (${expr})`);
      }
    });
});

/** @returns '' when a process exports it with those labels */
function missing({ metric, matchers }: Selector): string {
  const all = [...metersOf.values()];
  const family = metric.replace(/_(bucket|sum|count)$/, '');
  const type = all.map(({ types }) => types.get(metric) ?? types.get(family)).find((each) => each !== undefined);
  if (type === undefined) return `nobody exports ${metric}`;
  if (family !== metric && type !== 'histogram' && !all.some(({ types }) => types.has(metric)))
    return `${metric} is no histogram`;
  const samples = all.flatMap((each) => each.samples.get(metric) ?? []);
  if (samples.length === 0) return NOT_HERE.has(metric) ? '' : `${metric} has no value`;
  for (const [label, operator, value] of matchers)
    for (const each of operator === '=' ? [value] : [...value.split('|')].filter((word) => /^[\w-]+$/.test(word)))
      if (!samples.some(({ labels }) => labels[label] === each)) return `${metric} never has ${label}="${each}"`;
  return '';
}

describe('each panel of the dashboards, asked of Prometheus, shows something', () => {
  const ofPanels = expressions().filter(({ of }) => of.includes('.json: '));
  for (const { of, expr } of ofPanels)
    it(`${of}: ${expr.replaceAll(/\s+/g, ' ').slice(0, 60)}`, async () => {
      const ask = async (): Promise<{ readonly error?: string; readonly data?: { readonly result: unknown[] } }> => {
        const url = prometheusUrl(helsinki.stack.ports['prometheus'] ?? 0);
        const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expr)}`);
        return (await answer.json()) as Awaited<ReturnType<typeof ask>>;
      };
      const isSilent = selectorsOf(expr).every(({ metric }) => NOT_HERE.has(metric));
      // a rate needs two looks of Prometheus, a recorded rule one more
      const { error, data } = await until(of, ask, (seen) => isSilent || (seen.data?.result.length ?? 0) > 0, 30_000);
      assert.equal(error, undefined);
      assert.ok(data);
    });
  it('which are many', () => {
    assert.ok(ofPanels.length > 50, String(ofPanels.length));
  });
});

describe('what runbooks ask of PostgreSQL and of the api is answered', () => {
  const run = async (program: string, word: string): Promise<string> => {
    const env = { ...process.env, ...helsinki.stack.env };
    return (await promisify(execFile)(process.execPath, [program, ...word.split('\0')], { cwd: CHECKOUT, env })).stdout;
  };
  for (const { of, sql, where } of statements().filter((each) => each.where === 'either'))
    it(`${of}, by our own role: ${sql.slice(0, 60)} (${where})`, async () => {
      assert.match(await run('k8s/runbook/sql.ts', sql), /\(\d+ rows\)/);
    });
  for (const { of, sql } of statements().filter((each) => each.where === 'here'))
    it(`${of}, by the owner: ${sql.slice(0, 60)}`, async () => {
      const pool = testPool(helsinki.stack.env['MIGRATION_DATABASE_URL'] ?? '', 1);
      await pool.query(sql).finally(() => pool.end());
    });
  it('an operator changes a donor, and reads the letters', async () => {
    const id = await helsinki.aDonor();
    for (const body of ['{"active":false}', '{"active":true}'])
      assert.match(await run('k8s/runbook/operate.ts', `PATCH\0/v1/donors/${id}\0${body}`), /^200 /);
    assert.match(await run('k8s/runbook/operate.ts', 'GET\0/v1/dead-letters?limit=100'), /^200 /);
  });
  it('what is refused is said, and fails', async () => {
    await assert.rejects(run('k8s/runbook/operate.ts', 'GET\0/v1/no-such-thing'), /Command failed/);
    await assert.rejects(run('k8s/runbook/sql.ts', 'select nonsense'), /does not exist/);
  });
});

it('what nobody exports, or never with such a label, is seen', () => {
  assert.match(missing({ metric: 'surplus_posted', matchers: [] }), /nobody exports/);
  assert.match(missing({ metric: 'surplus_posts_total', matchers: [['outcome', '=', 'sold']] }), /never has/);
  assert.match(missing({ metric: 'surplus_posts_total_bucket', matchers: [] }), /no histogram/);
});

it('docs/observability.md lists every metric, with its type, labels and who exports it, and no other', () => {
  const page = readFileSync(join(CHECKOUT, 'docs/observability.md'), 'utf8');
  const listed = [...page.matchAll(/^\| `([a-z0-9_]+)` \| (\w+) \| ([^|]*) \| ([^|]*) \|/gm)].map(
    ([, name = '', type = '', labels = '', by = '']) => [name, type, words(labels), words(by)],
  );
  const names = new Set([...metersOf.values()].flatMap(({ types }) => [...types.keys()]));
  const exported = [...names]
    .filter((name) => !OF_THE_RUNTIME.test(name))
    .map((name) => {
      const by = PROCESSES.filter((process) => metersOf.get(process)?.types.has(name));
      const [first = 'api'] = by;
      const type = metersOf.get(first)?.types.get(name) ?? '';
      const labels = new Set<string>();
      for (const process of by)
        for (const sample of samplesOf(metersOf.get(process), name, type))
          for (const label of Object.keys(sample.labels)) if (label !== 'le') labels.add(label);
      return [name, type, [...labels].sort().join(', '), [...by].sort().join(', ')];
    });
  const sorted = (rows: readonly string[][]): string[] =>
    rows
      .map(([name = '', type = '', labels = '', by = '']) =>
        // without a value there are no labels to see
        [name, type, NOT_HERE.has(name) ? '' : labels, by].join(' | '),
      )
      .sort();
  assert.deepEqual(sorted(listed), sorted(exported));
});

function samplesOf(exported: Exported | undefined, name: string, type: string): { labels: Record<string, string> }[] {
  return [...(exported?.samples.get(type === 'histogram' ? `${name}_bucket` : name) ?? [])];
}

function words(cell: string): string {
  return [...cell.matchAll(/[a-z-]+/g)]
    .map(([word]) => word)
    .sort()
    .join(', ');
}

it('no label holds an id, and none has many values', () => {
  assert.ok(
    story.ids.every((id) => id.length > 5),
    String(story.ids),
  );
  const values = new Map<string, Set<string>>();
  for (const { samples } of metersOf.values())
    for (const [name, each] of samples)
      for (const { labels } of each)
        for (const [label, value] of Object.entries(labels)) {
          const at = `${name}{${label}}`;
          values.set(at, (values.get(at) ?? new Set()).add(value));
          for (const id of story.ids) assert.ok(!value.includes(id), `${at} holds the id ${id}`);
          assert.doesNotMatch(value, /[0-9a-f]{8}-[0-9a-f]{4}|^[0-9a-f]{7}$/, at);
        }
  for (const [at, seen] of values) assert.ok(seen.size <= 40, `${at} has ${String(seen.size)} values`);
});

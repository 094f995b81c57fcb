/**
 * What is true of traces wherever they are kept, as a suite: run on our own OTLP receiver (traces.test.ts) and on Jaeger
 * (jaegerChecks.ts). Instrumentation that is missing fails silently, so each span is asked for by name.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { startHelsinki, type Helsinki } from '../journey/helsinki.ts';
import {
  breadOf,
  signIn,
  until,
  type Answered,
  type OfferSeen,
  type Person,
  type SurplusSeen,
} from '../journey/people.ts';
import { givePhones, type Phones } from './phones.ts';
import type { SpanSeen, TraceKeeper } from './seen.ts';

export interface Stage {
  keeper: TraceKeeper;
  helsinki: Helsinki;
  phones: Phones;
  donor: Person;
}

const ACK_SECONDS = 4;
/** name → service, and the name of the span above it */
const WHOLE: Readonly<Record<string, readonly [service: string, above: string]>> = {
  'http.request': ['api', ''],
  MatchNGO: ['actor-host', 'http.request'],
  RedisGeoQuery: ['actor-host', 'MatchNGO'],
  RoutingAPI: ['actor-host', 'MatchNGO'],
  PostgresInsert: ['actor-host', 'MatchNGO'],
  EventPublish: ['relay', 'MatchNGO'],
  SendPush: ['worker', 'EventPublish'],
};

/** Places of their own, so that nothing is known yet of the ways from there. */
let places = 0;
const somewhereNew = (): { lat: number; lon: number } => {
  places++;
  return { lat: 60.168 + places * 0.0011, lon: 24.931 + places * 0.0007 };
};

/** @param more further tests on the same stage */
export function tracesAreWhole(
  startKeeper: () => Promise<TraceKeeper>,
  more: (stage: Stage) => void = () => undefined,
) {
  const stage = {} as Stage;
  before(
    async () => {
      stage.keeper = await startKeeper();
      stage.helsinki = await startHelsinki({
        ACK_TIMEOUT_SECONDS: String(ACK_SECONDS),
        ALLOW_LOCAL_PUSH: '1',
        OTEL_EXPORTER_OTLP_ENDPOINT: stage.keeper.endpoint,
        OTEL_TRACES_SAMPLER: 'parentbased_always_on',
        OTEL_BSP_SCHEDULE_DELAY: '200',
      });
      stage.phones = await givePhones(stage.helsinki);
      stage.donor = await signIn(stage.helsinki, 'donor', await stage.helsinki.aDonor());
    },
    { timeout: 240_000 },
  );
  after(async () => {
    await stage.phones.stop();
    await stage.helsinki.stop();
    await stage.keeper.stop();
  });

  describe('one trace from the request to the push', () => {
    it('holds every span, below the right one, of the right service, without an error', async () => {
      const answer = await post(stage);
      const spans = await wholeTraceOf(stage, answer);
      assert.deepEqual(
        spans.filter(({ failed }) => failed),
        [],
      );
      const { offer, id } = answer.body;
      const [match] = named(spans, 'MatchNGO');
      assert.equal(match?.attributes['pahlawan.lot.id'], id);
      assert.equal(match.attributes['pahlawan.offer.id'], offer?.id);
      assert.equal(match.attributes['pahlawan.outcome'], 'offered');
      assert.equal(named(spans, 'http.request')[0]?.attributes['http.route'], '/v1/surplus');
      assert.ok(stage.phones.pushed.includes(offer?.recipientId ?? ''));
    });

    it('goes on in the trace the caller came with', async () => {
      const [traceId, spanId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
      const answer = await post(stage, {}, { traceparent: `00-${traceId}-${spanId}-01` });
      assert.equal(traceIdOf(answer), traceId);
      const spans = await wholeTraceOf(stage, answer, spanId);
      assert.deepEqual(new Set(spans.map((span) => span.traceId)), new Set([traceId]));
    });

    it('a way that is known is not asked for again', async () => {
      const location = somewhereNew();
      await wholeTraceOf(stage, await post(stage, { location }));
      const spans = await spansOf(stage, traceIdOf(await post(stage, { location })), ['PostgresInsert', 'SendPush']);
      assert.deepEqual(named(spans, 'RoutingAPI'), []);
    });

    it('posts of one turn have a whole trace each', async () => {
      const location = somewhereNew();
      await post(stage, { location });
      const answers = await Promise.all(Array.from({ length: 40 }, () => post(stage, { location })));
      const traceIds = answers.map(traceIdOf);
      assert.equal(new Set(traceIds).size, answers.length);
      let shared = 0;
      for (const [n, traceId] of traceIds.entries()) {
        const spans = await spansOf(stage, traceId, ['http.request', 'MatchNGO', 'PostgresInsert', 'EventPublish']);
        assert.equal(named(spans, 'MatchNGO')[0]?.attributes['pahlawan.lot.id'], answers[n]?.body.id);
        assert.deepEqual(
          spans.filter((span) => span.traceId !== traceId),
          [],
        );
        shared += named(spans, 'PostgresInsert').filter(({ links }) => links.length > 0).length;
      }
      assert.ok(shared > 0, 'no two of 40 posts at once met in one turn');
    });
  });

  describe('what comes later', () => {
    it('a lapse, the next offer and its push go on in the trace of the post', { timeout: 60_000 }, async () => {
      const answer = await post(stage);
      const first = answer.body.offer?.id;
      const kinds = (spans: readonly SpanSeen[]): string[] =>
        named(spans, 'MatchNGO').map(({ attributes }) => attributes['pahlawan.command.kind'] ?? '');
      const spans = await until(
        'the lapse, and the push of the next offer',
        () => stage.keeper.trace(traceIdOf(answer)),
        (seen) => kinds(seen).includes('wake') && named(seen, 'SendPush').length >= 2,
        40_000,
      );
      const offers = named(spans, 'MatchNGO').map(({ attributes }) => attributes['pahlawan.offer.id']);
      assert.ok(new Set(offers).size >= 2 && offers.includes(first), JSON.stringify(offers));
      await stage.donor.remove(`/v1/surplus/${answer.body.id}`);
    });

    it('an accept has a trace of its own that leads to that of the post', async () => {
      const posted = await post(stage);
      const offer = posted.body.offer as OfferSeen;
      const recipient = await signIn(stage.helsinki, 'recipient', offer.recipientId);
      const accepted = await recipient.post(`/v1/offers/${offer.id}/accept`, {});
      assert.equal(accepted.status, 200, JSON.stringify(accepted.body));
      const spans = await spansOf(stage, traceIdOf(accepted), [
        'http.request',
        'AnswerOffer',
        'PostgresInsert',
        'EventPublish',
      ]);
      assert.notEqual(traceIdOf(accepted), traceIdOf(posted));
      assert.deepEqual(named(spans, 'AnswerOffer')[0]?.links, [traceIdOf(posted)]);
    });
  });

  it('a caller whose trace is not recorded leaves no span', async () => {
    const traceId = randomBytes(16).toString('hex');
    const unseen = await post(stage, {}, { traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-00` });
    assert.equal(traceIdOf(unseen), traceId);
    await wholeTraceOf(stage, await post(stage));
    assert.deepEqual(await stage.keeper.trace(traceId), []);
  });

  more(stage);
}

export async function post(
  { helsinki, donor }: Stage,
  change: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Promise<Answered<SurplusSeen>> {
  const body = breadOf({ quantityGrams: 400, location: somewhereNew(), ...change });
  const answer = await donor.post<SurplusSeen>('/v1/surplus', body, undefined, headers);
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  assert.ok(answer.body.offer, `no offer in ${helsinki.apiUrl}`);
  return answer;
}

export function traceIdOf({ headers }: { readonly headers: Headers }): string {
  const [, traceId] = /^00-([0-9a-f]{32})-[0-9a-f]{16}-0[01]$/.exec(headers.get('traceresponse') ?? '') ?? [];
  assert.ok(traceId, `traceresponse: ${String(headers.get('traceresponse'))}`);
  return traceId;
}

export function named(spans: readonly SpanSeen[], name: string): SpanSeen[] {
  return spans.filter((span) => span.name === name);
}

export async function spansOf(stage: Stage, traceId: string, names: readonly string[]): Promise<readonly SpanSeen[]> {
  return await until(
    `${names.join(', ')} in trace ${traceId}`,
    () => stage.keeper.trace(traceId),
    (spans) => names.every((name) => named(spans, name).length > 0),
  );
}

/** The trace an answer names, checked span by span. @param above of the caller, in hex */
async function wholeTraceOf(stage: Stage, answer: Answered<SurplusSeen>, above = ''): Promise<readonly SpanSeen[]> {
  const spans = await spansOf(stage, traceIdOf(answer), Object.keys(WHOLE));
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  for (const [name, [service, parent]] of Object.entries(WHOLE)) {
    for (const span of named(spans, name)) {
      assert.equal(span.service, service, name);
      if (parent === '') assert.equal(span.parentId, above, name);
      else assert.equal(byId.get(span.parentId)?.name, parent, `${name} is below ${parent}`);
      assert.ok(span.endUs >= span.startUs, name);
      assert.ok(span.startUs >= (byId.get(span.parentId)?.startUs ?? 0) - 1_000, `${name} begins after ${parent}`);
    }
  }
  return spans;
}

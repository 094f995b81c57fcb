/** The rescue loop on the whole stack: real daprd, PostgreSQL, Redis, NATS, Valhalla; Helsinki's donors and recipients. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { receiveAlerts, type AlertReceiver } from './alertReceiver.ts';
import { breadOf, signIn, until, type OfferSeen, type Person, type Problem, type SurplusSeen } from './people.ts';
import { startHelsinki, type Helsinki } from './helsinki.ts';

const ACK_SECONDS = 3;

let helsinki: Helsinki;
let alerts: AlertReceiver;
let donor: Person;
let operator: Person;

before(
  async () => {
    alerts = await receiveAlerts();
    helsinki = await startHelsinki({
      ACK_TIMEOUT_SECONDS: String(ACK_SECONDS),
      PAGERDUTY_EVENTS_URL: alerts.url,
      PAGERDUTY_ROUTING_KEY: 'test-key',
    });
    operator = await signIn(helsinki, 'operator');
    donor = await signIn(helsinki, 'donor', await helsinki.aDonor());
  },
  { timeout: 180_000 },
);
after(async () => {
  await helsinki.stop();
  await alerts.stop();
});

async function post(change: Record<string, unknown> = {}): Promise<SurplusSeen> {
  const posted = await donor.post<SurplusSeen>('/v1/surplus', breadOf(change));
  assert.equal(posted.status, 201, JSON.stringify(posted.body));
  assert.equal(posted.headers.get('location'), `/v1/surplus/${posted.body.id}`);
  assert.equal(posted.headers.get('etag'), `"${String(posted.body.version)}"`);
  return posted.body;
}

const see = async (id: string): Promise<SurplusSeen> => (await donor.get<SurplusSeen>(`/v1/surplus/${id}`)).body;
const holderOf = (offer: OfferSeen): Promise<Person> => signIn(helsinki, 'recipient', offer.recipientId);

function offerOf(surplus: SurplusSeen): OfferSeen {
  assert.ok(surplus.offer, `${surplus.id} is ${surplus.state} without an offer`);
  return surplus.offer;
}

async function ledger(): Promise<Record<string, number>> {
  const { body } = await operator.get<Record<string, number>>('/v1/stats');
  const { postedGrams = 0, collectedGrams = 0, expiredGrams = 0, cancelledGrams = 0, openGrams = 0 } = body;
  assert.equal(postedGrams, collectedGrams + expiredGrams + cancelledGrams + openGrams, JSON.stringify(body));
  return body;
}

describe('a surplus that finds its way', () => {
  it('is offered with reasons, accepted in part, handed over against the code, and the rest goes on', async () => {
    const surplus = await post();
    const offer = offerOf(surplus);
    assert.ok(offer.reasons.some((reason) => reason.code === 'distance' && / km /.test(reason.text)));
    const recipient = await holderOf(offer);
    const mine = await recipient.get<{ items: OfferSeen[] }>('/v1/offers?state=open');
    assert.ok(mine.body.items.some((each) => each.id === offer.id));
    const accepted = await recipient.post<OfferSeen>(`/v1/offers/${offer.id}/accept`, { quantityGrams: 4_000 });
    assert.equal(accepted.status, 200, JSON.stringify(accepted.body));
    assert.equal(accepted.body.state, 'claimed');
    const code = await donor.get<{ code: string }>(`/v1/offers/${offer.id}/handover-code`);
    assert.match(code.body.code, /^[0-9]{8}$/);
    assert.equal(code.headers.get('cache-control'), 'no-store');
    const wrong = await recipient.post<Problem>(`/v1/offers/${offer.id}/handover`, {
      code: code.body.code === '00000000' ? '1'.repeat(8) : '0'.repeat(8),
    });
    assert.equal(wrong.status, 409);
    assert.match(wrong.body.type, /wrong-code$/);
    const done = await recipient.post<OfferSeen>(`/v1/offers/${offer.id}/handover`, {
      code: code.body.code,
      quantityGrams: 3_000,
    });
    assert.equal(done.status, 200, JSON.stringify(done.body));
    const seen = await until(
      'the rest is offered on',
      () => see(surplus.id),
      ({ lots }) => lots.length === 2 && lots.every((lot) => lot.offer !== null || lot.state === 'rematching'),
    );
    assert.equal(seen.state, 'collected');
    assert.deepEqual(
      seen.history?.map((step) => step.to),
      ['posted', 'offered', 'claimed', 'collected'],
    );
    assert.deepEqual(
      seen.lots.map((lot) => lot.quantityGrams).sort((a, b) => a - b),
      [1_000, 2_000],
    );
    for (const lot of seen.lots) assert.notEqual(lot.offer?.recipientId, offer.recipientId, 'not to who took the part');
    const cancelled = await donor.remove<SurplusSeen>(`/v1/surplus/${surplus.id}`);
    assert.equal(cancelled.status, 200);
    assert.ok(cancelled.body.lots.every((lot) => lot.state === 'cancelled'));
    const stats = await ledger();
    assert.ok((stats['collectedGrams'] ?? 0) >= 3_000);
  });

  it('travel times come from the roads', async () => {
    const surplus = await until(
      'a routed offer',
      () => post({ quantityGrams: 700 }),
      ({ offer }) => offer?.travelSource === 'route',
    );
    await donor.remove(`/v1/surplus/${surplus.id}`);
  });
});

describe('nobody answers', () => {
  it('the offer lapses to the next recipient', async () => {
    const surplus = await post({ quantityGrams: 900 });
    const first = offerOf(surplus);
    const next = await until(
      'the next offer',
      () => see(surplus.id),
      ({ offer }) => offer !== null && offer.id !== first.id,
    );
    assert.notEqual(next.offer?.recipientId, first.recipientId);
    const late = await (await holderOf(first)).post<Problem>(`/v1/offers/${first.id}/accept`, {});
    assert.equal(late.status, 409);
    assert.match(late.body.type, /offer-lapsed$/);
    await donor.remove(`/v1/surplus/${surplus.id}`);
  });

  it('a decline asks the next one at once', async () => {
    const surplus = await post({ quantityGrams: 900 });
    const first = offerOf(surplus);
    const askedMs = performance.now();
    await (await holderOf(first)).post(`/v1/offers/${first.id}/decline`, { reason: 'closed today' });
    await until(
      'the next offer',
      () => see(surplus.id),
      ({ offer }) => offer !== null && offer.id !== first.id,
      2_900,
    );
    assert.ok(performance.now() - askedMs < 2_900);
    await donor.remove(`/v1/surplus/${surplus.id}`);
  });

  it(
    'after three tries: a dead letter, an alert, and the food bank of last resort, whose handover collects',
    { timeout: 60_000 },
    async () => {
      const surplus = await post({ quantityGrams: 1_500 });
      const held = await until(
        'the fallback',
        () => see(surplus.id),
        ({ offer }) => offer?.fallback === true,
        40_000,
      );
      assert.equal(held.deadLettered, true);
      const alert = await until(
        'the alert',
        () => Promise.resolve(alerts.alerts.find((each) => each.event_action === 'trigger')),
        (each) => each !== undefined,
      );
      assert.equal(alert?.routing_key, 'test-key');
      const letters = await operator.get<{ items: { lotId: string; cause: string; seq: number }[] }>(
        '/v1/dead-letters',
      );
      const letter = letters.body.items.find((each) => each.lotId === surplus.id);
      assert.equal(letter?.cause, 'rematch-exhausted');
      const bank = await holderOf(offerOf(held));
      const code = await donor.get<{ code: string }>(`/v1/offers/${offerOf(held).id}/handover-code`);
      const done = await bank.post<OfferSeen>(`/v1/offers/${offerOf(held).id}/handover`, { code: code.body.code });
      assert.equal(done.status, 200, JSON.stringify(done.body));
      assert.equal((await see(surplus.id)).state, 'collected');
      const stats = await ledger();
      assert.ok((stats['collectedViaFallbackGrams'] ?? 0) >= 1_500);
      const discarded = await operator.post(`/v1/dead-letters/${String(letter?.seq)}/discard`, {});
      assert.equal(discarded.status, 200);
    },
  );

  it('an operator replays a dead letter: everybody may be asked again', { timeout: 60_000 }, async () => {
    const surplus = await post({ quantityGrams: 1_100 });
    await until(
      'the fallback',
      () => see(surplus.id),
      ({ offer }) => offer?.fallback === true,
      40_000,
    );
    const letter = await until(
      'the letter',
      async () =>
        (await operator.get<{ items: { lotId: string; seq: number }[] }>('/v1/dead-letters')).body.items.find(
          (each) => each.lotId === surplus.id,
        ),
      (each) => each !== undefined,
    );
    const replayed = await operator.post(`/v1/dead-letters/${String(letter?.seq)}/replay`, {});
    assert.equal(replayed.status, 200, JSON.stringify(replayed.body));
    const again = await until(
      'a fresh offer',
      () => see(surplus.id),
      ({ offer }) => offer !== null && !offer.fallback,
    );
    assert.equal(again.deadLettered, false);
    await donor.remove(`/v1/surplus/${surplus.id}`);
  });
});

describe('parts that fail', () => {
  it('Redis is flushed: posts are accepted, offers go on within seconds', { timeout: 60_000 }, async () => {
    await helsinki.flushRedis();
    const surplus = await post({ quantityGrams: 800 });
    const offered = await until(
      'an offer after the flush',
      () => see(surplus.id),
      ({ offer }) => offer !== null,
      15_000,
    );
    assert.ok(offered.offer);
    await donor.remove(`/v1/surplus/${surplus.id}`);
  });

  it('the routing engine is gone: estimates, and no post waits for it', { timeout: 60_000 }, async () => {
    helsinki.pause('valhalla');
    try {
      const location = { lat: 60.1712, lon: 24.9391 };
      const askedMs = performance.now();
      const surplus = await post({ quantityGrams: 800, location });
      assert.ok(performance.now() - askedMs < 1_000, `${String(performance.now() - askedMs)} ms`);
      assert.equal(surplus.offer?.travelSource, 'estimate');
      await donor.remove(`/v1/surplus/${surplus.id}`);
    } finally {
      helsinki.resume('valhalla');
    }
  });

  it(
    'any process killed while donors post: nothing accepted is lost, the ledger balances',
    { timeout: 240_000 },
    async () => {
      const accepted: string[] = [];
      let stopped = false;
      let n = 0;
      const keepPosting = async (): Promise<void> => {
        while (!stopped) {
          const key = `kill-${String(n++)}`;
          const body = breadOf({ quantityGrams: 600 });
          for (let tries = 0; tries < 60; tries++) {
            const answer = await donor.post<SurplusSeen>('/v1/surplus', body, key).catch(() => null);
            if (answer?.status === 201) {
              accepted.push(answer.body.id);
              break;
            }
            await new Promise((resolve) => setTimeout(resolve, answer?.status === 429 ? 2_000 : 300));
          }
          await new Promise((resolve) => setTimeout(resolve, 700));
        }
      };
      const posting = keepPosting();
      for (const victim of helsinki.victims()) {
        const before = accepted.length;
        await helsinki.killAndWait(victim);
        await until(
          `posts go on after ${victim} was killed`,
          () => Promise.resolve(accepted.length),
          (count) => count > before,
          45_000,
        );
      }
      stopped = true;
      await posting;
      const ids = new Set(accepted);
      assert.equal(ids.size, accepted.length, 'no post took effect twice');
      for (const id of ids)
        assert.equal((await operator.get(`/v1/surplus/${id}`)).status, 200, `${id} was accepted and is gone`);
      await ledger();
    },
  );
});

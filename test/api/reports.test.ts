/** A donor's month: by the ledger, in its own zone, with a receipt that is checked as anybody would. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { monthOf } from '../../services/api/reports/month.ts';
import { food, newKey, registerDonor, registerRecipient, startWorld, type Reply, type World } from './world.ts';

const ZONE = 'Asia/Jakarta';
const AS = 'donor:kitchen';
const CHECK = join(import.meta.dirname, '../../dev/receipt/check.ts');
const THIS_MONTH = new Intl.DateTimeFormat('en-CA', { timeZone: ZONE, year: 'numeric', month: '2-digit' })
  .format(Date.now())
  .slice(0, 7);

let world: World;
before(async () => {
  world = await startWorld();
  await registerDonor(world, 'kitchen', { timeZone: ZONE, name: 'Dapur "Ibu", Kota' });
  await registerDonor(world, 'bakery');
  await registerRecipient(world, 'shelter', { name: '=Shelter, the "old"' });
});
after(() => world.stop());

const report = (month = THIS_MONTH): Promise<Reply> =>
  world.ask('GET', `/v1/donors/kitchen/reports/${month}`, { as: AS });

/** @returns the lot handed over */
async function handOver(grams: number | null, as = AS): Promise<string> {
  const { body } = await world.ask('POST', '/v1/surplus', { as, key: newKey(), body: food() });
  const on = `/v1/offers/${body.offer.id}`;
  const recipient = `recipient:${body.offer.recipientId}`;
  await world.ask('POST', `${on}/accept`, { as: recipient, key: newKey(), body: {} });
  const { code } = (await world.ask('GET', `${on}/handover-code`, { as })).body;
  const told = { code, ...(grams === null ? {} : { quantityGrams: grams }) };
  const done = await world.ask('POST', `${on}/handover`, { as: recipient, key: newKey(), body: told });
  assert.equal(done.status, 200, done.text);
  return body.id;
}

describe('a donor’s month', () => {
  it('counts what was handed over, not what was posted, and nobody else’s', async () => {
    const lots = [await handOver(null), await handOver(2_500)];
    await handOver(null, 'donor:bakery');
    await world.ask('POST', '/v1/surplus', { as: AS, key: newKey(), body: food() });
    const { status, body, text } = await report();
    assert.equal(status, 200, text);
    assert.deepEqual([body.handedOverGrams, body.handovers, body.isComplete], [12_500, 2, false]);
    assert.deepEqual(
      body.items.map((item: { surplusId: string }) => item.surplusId),
      lots,
    );
    assert.deepEqual(body.impact, {
      kg: 12.5,
      meals: Math.floor(12.5 / body.factors.mealKg),
      co2eKg: 12.5 * body.factors.co2eKgPerKg,
    });
    assert.ok(body.factors.mealSource !== '' && body.factors.co2eSource !== '');
    const [, signed = ''] = (body.receipt as string).split('.');
    const claims = JSON.parse(Buffer.from(signed, 'base64url').toString()) as object;
    assert.ok(!('impact' in claims) && !('factors' in claims), 'an estimate is not signed');
    const lines = (body.csv as string).split('\r\n');
    assert.equal(lines.length, 4);
    assert.match(
      lines[1] ?? '',
      /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+07:00,prepared,chilled,10000,"'=Shelter, the ""old""",/,
    );
  });

  it('has another number in another month, and none in one that has not begun', async () => {
    assert.equal((await report('2024-02')).body.handovers, 0);
    for (const wrong of ['2099-01', '2026-13', '2026-1', 'now']) assert.equal((await report(wrong)).status, 400, wrong);
  });

  it('begins and ends at midnight by the donor’s clock, also where clocks change', () => {
    const iso = ({ fromMs, untilMs }: { fromMs: number; untilMs: number }): string[] =>
      [fromMs, untilMs].map((each) => new Date(each).toISOString());
    const now = Date.UTC(2026, 10, 21);
    assert.deepEqual(iso(monthOf('2026-01', ZONE, now)), ['2025-12-31T17:00:00.000Z', '2026-01-31T17:00:00.000Z']);
    assert.deepEqual(iso(monthOf('2026-10', 'Europe/Helsinki', now)), [
      '2026-09-30T21:00:00.000Z',
      '2026-10-31T22:00:00.000Z',
    ]);
    assert.equal(monthOf('2026-12', ZONE, Date.UTC(2026, 11, 31, 16, 59)).isComplete, false);
    assert.equal(monthOf('2026-12', ZONE, Date.UTC(2026, 11, 31, 17)).isComplete, true);
  });
});

describe('the receipt', () => {
  const folder = mkdtempSync(join(tmpdir(), 'receipt-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const put = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const check = async (...given: string[]) =>
    await promisify(execFile)(process.execPath, [CHECK, ...given]).then(
      ({ stdout }) => ({ ok: true, said: stdout }),
      (error: { stderr: string }) => ({ ok: false, said: error.stderr }),
    );

  it('is checked with the published keys alone; another file, another sum or another key is seen', async () => {
    const { body } = await report();
    const jwks = await world.ask('GET', '/.well-known/jwks.json');
    const keys = put('jwks.json', jwks.text);
    const receipt = put('receipt.jws', body.receipt);
    const csv = put('report.csv', body.csv);
    const good = await check('--receipt', receipt, '--keys', keys, '--csv', csv);
    assert.ok(good.ok, good.said);
    assert.match(good.said, /"handedOverGrams": 12500/);
    assert.match(good.said, /of this file/);

    const otherFile = await check(
      '--receipt',
      receipt,
      '--keys',
      keys,
      '--csv',
      put('x.csv', `${body.csv as string} `),
    );
    assert.deepEqual([otherFile.ok, /another file/.test(otherFile.said)], [false, true]);
    const [header, payload, signature] = (body.receipt as string).split('.');
    const claims = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString()) as object;
    const more = Buffer.from(JSON.stringify({ ...claims, handedOverGrams: 99_000_000 })).toString('base64url');
    assert.equal(
      (await check('--receipt', put('x.jws', `${header ?? ''}.${more}.${signature ?? ''}`), '--keys', keys)).ok,
      false,
    );
    const otherKeys = put('other.json', JSON.stringify({ keys: [] }));
    assert.equal((await check('--receipt', receipt, '--keys', otherKeys)).ok, false);
  });

  it('opens no door: it is no access token', async () => {
    const { receipt } = (await report()).body;
    const reply = await world.ask('GET', '/v1/me', { headers: { authorization: `Bearer ${receipt as string}` } });
    assert.equal(reply.status, 401);
  });
});

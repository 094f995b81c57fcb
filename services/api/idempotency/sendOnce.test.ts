import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CellUnavailable, type CellClient } from '#cell/contract.ts';
import { regionOf, signedIdOf } from '#core/geo/cell.ts';
import type { Answer, Command } from '#core/lots/command.ts';
import { cellAt } from '#adapters/geo/s2.ts';
import type { ClaimedKey } from '#adapters/postgres/sql/claimKey.ts';
import { cellOf, lotIdOf, type DonorId, type LotId } from '#core/words/ids.ts';
import { Problem } from '../problems.ts';
import { createSendOnce, type Ask } from './sendOnce.ts';

const HERE = cellAt({ lat: 60.17, lon: 24.95 });
const THERE = cellAt({ lat: -6.2, lon: 106.8 });
const HOME = signedIdOf(regionOf(HERE));
const OK: Answer = { ok: true, surplus: null, offer: null };

function ask(lotId: LotId, fingerprint = 'f'): Ask {
  const command = {
    kind: 'post' as const,
    id: 'key:donor:a:k',
    fingerprint,
    lotId,
    donorId: 'a' as DonorId,
    lat: 0,
    lon: 0,
    category: 'mixed' as const,
    storage: 'ambient' as const,
    quantityGrams: 1,
    servings: null,
    readyFromMs: null,
    safeUntilMs: 1,
    note: null,
  };
  return { command, homeRegionId: HOME, traceparent: '' };
}

const lotIn = (cell: typeof HERE, n = 1): LotId => lotIdOf(cell, `019abcde-0000-7000-8000-00000000000${String(n)}`);
const noClaim = (): Promise<ClaimedKey> => Promise.reject(new Error('nothing to claim'));

function cellsOf(answers: readonly Awaited<ReturnType<CellClient['send']>>[]) {
  const sent: [string, Command][] = [];
  const cells: CellClient = {
    send: (cell, command) => {
      sent.push([cell, command]);
      return Promise.resolve(answers[sent.length - 1] ?? OK);
    },
  };
  return { cells, sent };
}

describe('a command under a key', () => {
  it('at home goes straight to its cell', async () => {
    const { cells, sent } = cellsOf([OK]);
    assert.equal(await createSendOnce({ cells, claimKey: noClaim })(ask(lotIn(HERE))), OK);
    assert.deepEqual(
      sent.map(([cell]) => cell),
      [HERE],
    );
  });

  it('elsewhere is claimed at home first, and takes effect where the first claim said', async () => {
    const { cells, sent } = cellsOf([OK]);
    const claimed = lotIn(THERE, 7);
    const claimKey = (): Promise<ClaimedKey> => Promise.resolve({ outcome: 'elsewhere', cell: THERE, lotId: claimed });
    await createSendOnce({ cells, claimKey })(ask(lotIn(THERE, 1)));
    assert.deepEqual(
      sent.map(([cell, command]) => [cell, 'lotId' in command ? command.lotId : '']),
      [[THERE, claimed]],
    );
  });

  it('follows a cell that says elsewhere, under the same id', async () => {
    const lotId = lotIn(THERE, 3);
    const { cells, sent } = cellsOf([{ elsewhere: { cell: THERE, lotId } }, OK]);
    await createSendOnce({ cells, claimKey: noClaim })(ask(lotIn(HERE)));
    assert.deepEqual(
      sent.map(([cell, { id }]) => [cell, id]),
      [
        [HERE, 'key:donor:a:k'],
        [THERE, 'key:donor:a:k'],
      ],
    );
    assert.equal(sent[1]?.[1].kind === 'post' && cellOf(sent[1][1].lotId), THERE);
  });

  it('answers what was answered at home, and refuses a reused key', async () => {
    const { cells, sent } = cellsOf([]);
    const answered = createSendOnce({ cells, claimKey: () => Promise.resolve({ outcome: 'answered', answer: OK }) });
    assert.equal(await answered(ask(lotIn(THERE))), OK);
    const reused = await createSendOnce({ cells, claimKey: () => Promise.resolve({ outcome: 'reused' }) })(
      ask(lotIn(THERE)),
    );
    assert.equal(reused.ok ? '' : reused.refused, 'key-reuse');
    assert.equal(sent.length, 0);
  });

  it('a copy waits for the first, but not for ever', async () => {
    let finish: (answer: Answer) => void = () => undefined;
    const slow: CellClient = { send: () => new Promise((resolve) => (finish = resolve)) };
    const sendOnce = createSendOnce({ cells: slow, claimKey: noClaim, waitMs: 20 });
    const first = sendOnce(ask(lotIn(HERE)));
    await assert.rejects(
      sendOnce(ask(lotIn(HERE, 2))),
      (error) => error instanceof Problem && error.code === 'in-flight',
    );
    finish(OK);
    assert.equal(await first, OK);
  });

  it('a failure is not kept: the next one tries again', async () => {
    let calls = 0;
    const cells: CellClient = {
      send: () => (calls++ === 0 ? Promise.reject(new CellUnavailable('away')) : Promise.resolve(OK)),
    };
    const sendOnce = createSendOnce({ cells, claimKey: noClaim });
    await assert.rejects(sendOnce(ask(lotIn(HERE))), CellUnavailable);
    assert.equal(await sendOnce(ask(lotIn(HERE))), OK);
  });
});

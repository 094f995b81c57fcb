/** The checker is checked: histories of one lot that one order explains, and seeded ones that none does. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { buildGoTool } from './goTool.ts';
import { checkLinearity, type CheckedOperation } from './linearize.ts';

const dir = mkdtempSync(join(tmpdir(), 'linearize-'));
after(() => rmSync(dir, { recursive: true }));

type Told = Partial<CheckedOperation>;
const told = (kind: string, call: number, till: number, change: Told = {}): CheckedOperation => ({
  lot: 'L',
  kind,
  attempt: 1,
  fallback: false,
  outcome: 'ok',
  problem: '',
  phase: '',
  call,
  return: till,
  ...change,
});
const refused = (kind: string, call: number, till: number, problem: string): CheckedOperation =>
  told(kind, call, till, { outcome: 'fail', problem });
const unknown = (kind: string, call: number): CheckedOperation => told(kind, call, -1, { outcome: 'unknown' });
const offered = told('offer', 0, 10);

const LEGAL: Readonly<Record<string, readonly CheckedOperation[]>> = {
  'accepted and collected': [offered, told('accept', 20, 30), told('handover', 40, 50)],
  'two at once: one is refused': [offered, told('accept', 20, 40), refused('accept', 20, 40, 'already-claimed')],
  'declined, and offered to the next': [
    offered,
    told('decline', 20, 30),
    told('offer', 20, 60, { attempt: 2 }),
    told('accept', 70, 80, { attempt: 2 }),
  ],
  'an unknown accept that happened late': [offered, unknown('accept', 20), told('handover', 90, 95)],
  'an unknown accept that never happened': [
    offered,
    unknown('accept', 20),
    told('lapse', 60, 90),
    told('read', 95, 96, { attempt: 1, phase: 'waiting' }),
  ],
  'a fallback needs no claim': [told('offer', 0, 10, { fallback: true }), told('handover', 20, 30)],
  'a late answer: the offer has lapsed': [offered, told('lapse', 20, 30), refused('accept', 40, 50, 'offer-lapsed')],
};

const ILLEGAL: Readonly<Record<string, readonly CheckedOperation[]>> = {
  'accepted twice': [offered, told('accept', 20, 40), told('accept', 20, 40)],
  'accepted and declined': [offered, told('accept', 20, 40), told('decline', 20, 40)],
  'handed over before it was claimed': [offered, told('handover', 20, 30), told('accept', 40, 50)],
  'claimed, then lapsed': [offered, told('accept', 20, 30), told('lapse', 40, 50)],
  'refused as claimed, and nobody claimed it': [offered, refused('accept', 20, 30, 'already-claimed')],
  'refused as closed, and still accepted afterwards': [
    offered,
    refused('accept', 20, 30, 'offer-closed'),
    told('accept', 40, 50),
  ],
  'read as open after it was claimed': [offered, told('accept', 20, 30), told('read', 40, 50, { phase: 'open' })],
  'cancelled and collected': [offered, told('accept', 20, 30), told('cancel', 40, 50), told('handover', 60, 70)],
  'offered twice at once': [offered, told('offer', 20, 30, { attempt: 2 })],
};

describe('Porcupine on one lot', { timeout: 240_000 }, () => {
  const checker = buildGoTool('porcupine');
  const skip = 'because' in checker ? checker.because : false;
  const isLinear = (operations: readonly CheckedOperation[]): boolean => {
    const verdict = checkLinearity(operations, join(dir, 'operations.jsonl'));
    assert.ok(verdict.checked, verdict.checked ? '' : verdict.because);
    assert.equal(verdict.operations, operations.length);
    assert.deepEqual(verdict.undecided, []);
    return verdict.illegal.length === 0;
  };
  for (const [what, operations] of Object.entries(LEGAL)) {
    it(`explains: ${what}`, { skip }, () => assert.equal(isLinear(operations), true));
  }
  for (const [what, operations] of Object.entries(ILLEGAL)) {
    it(`catches: ${what}`, { skip }, () => assert.equal(isLinear(operations), false));
  }
});

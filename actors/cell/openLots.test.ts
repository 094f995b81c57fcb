import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Lot } from '#core/lots/lot.ts';
import type { LotId } from '#core/words/ids.ts';
import { createOpenLots, createShelf } from './openLots.ts';

const lot = (id: string): Lot => ({ id }) as Lot;
const id = (name: string): LotId => name as LotId;

it('of too many those that changed first are no longer at hand, over all cells, and still known to be open', () => {
  const shelf = createShelf(3);
  const one = createOpenLots([lot('a'), lot('b')], shelf);
  const other = createOpenLots([], shelf);
  other.put(lot('c'), 'trace of c');
  one.put(lot('a'), 'trace of a');
  other.put(lot('d'));
  assert.deepEqual(
    ['a', 'b'].map((name) => [one.has(id(name)), one.get(id(name))?.id, one.traceOf(id(name))]),
    [
      [true, 'a', 'trace of a'],
      [true, undefined, null],
    ],
  );
  assert.equal(other.get(id('c'))?.id, 'c');
  assert.equal(one.has(id('c')), false);
});

it('a lot keeps its last trace until it ends, and then makes room', () => {
  const shelf = createShelf(2);
  const lots = createOpenLots([], shelf);
  lots.put(lot('a'), 'old');
  lots.put(lot('a'));
  assert.equal(lots.traceOf(id('a')), 'old');
  lots.put(lot('b'));
  lots.end(id('b'));
  assert.equal(lots.has(id('b')), false);
  lots.put(lot('c'));
  assert.equal(lots.get(id('a'))?.id, 'a');
});

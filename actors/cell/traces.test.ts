import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Command } from '#core/lots/command.ts';
import type { LotChange } from '#core/lots/decide.ts';
import type { LotId } from '#core/words/ids.ts';
import { tracesOfChanges } from './traces.ts';

const lot = (name: string): LotId => name as LotId;
const change = (id: string, rootId: string, state = 'offered'): LotChange =>
  ({ after: { id: lot(id), rootId: lot(rootId), state } }) as unknown as LotChange;
const cancel = (lotId: string): Command => ({ kind: 'cancel', id: `cancel:${lotId}`, lotId: lot(lotId) }) as Command;

it('each lot changes in the trace of the command about it', () => {
  const traceOf = new Map([
    ['cancel:a', 'trace of a'],
    ['cancel:b', 'trace of b'],
    ['cancel:c', null],
  ]);
  const commands = ['a', 'b', 'c'].map(cancel);
  const changes = [change('a', 'a'), change('b', 'b'), change('c', 'c')];
  assert.deepEqual(
    [...tracesOfChanges(changes, commands, traceOf)],
    [
      ['a', 'trace of a'],
      ['b', 'trace of b'],
    ],
  );
});

it('a lot that is split off, or cancelled with its post, changes in the trace of what was asked', () => {
  const changes = [change('child', 'root'), change('root', 'root'), change('other', 'other')];
  const traces = tracesOfChanges(changes, [cancel('root')], new Map([['cancel:root', 'trace']]));
  assert.deepEqual(Object.fromEntries(traces), { child: 'trace', root: 'trace' });
});

/** A post of which a list knows more than what was told of it before, or less. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { SurplusView } from '#core/lots/view.ts';
import { newest } from '../../web/app/newest.ts';

const lotOf = (id: string, version: number, state: string, lots: readonly SurplusView[] = []): SurplusView =>
  ({ id, version, state, lots }) as unknown as SurplusView;

it('each of its lots is shown as of the newer version, whoever told it', () => {
  const told = lotOf('a', 2, 'offered', [lotOf('b', 3, 'claimed')]);
  const shown = newest(told, [lotOf('c', 9, 'posted'), lotOf('b', 2, 'offered'), lotOf('a', 3, 'claimed')]);
  assert.deepEqual([shown.id, shown.state], ['a', 'claimed']);
  assert.deepEqual(
    shown.lots.map(({ id, state }) => [id, state]),
    [['b', 'claimed']],
  );
});

import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { HandoverRow } from '#adapters/postgres/sql/listHandovers.ts';
import { csvOf } from './csv.ts';

function row(recipientName: string): HandoverRow {
  const food = { category: 'bakery', storage: 'ambient', quantityGrams: 2_500 } as const;
  return { at: new Date(0), surplusId: 's', offerId: 's-1', ...food, recipientName };
}
const fieldOf = (name: string): string => csvOf([row(name)], () => 'then').split('\r\n')[1] ?? '';

it('names with commas, quotes and lines stay one field; what looks like a formula is none', () => {
  assert.equal(fieldOf('Shelter'), 'then,bakery,ambient,2500,Shelter,s,s-1');
  assert.equal(fieldOf('A, "B"'), 'then,bakery,ambient,2500,"A, ""B""",s,s-1');
  for (const name of ['=1+1', '+1', '-1', '@sum(A1)'])
    assert.equal(fieldOf(name), `then,bakery,ambient,2500,'${name},s,s-1`);
});

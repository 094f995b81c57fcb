import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import type { OfferId } from '#core/words/ids.ts';
import { newUuid } from './uuid.ts';
import { offerOfShort, shortOf } from './shortLink.ts';

it('every offer has a short code, and gets its id back', () => {
  const token = fc.stringMatching(/^[0-9a-f]{0,15}[1-9a-f]$/);
  const attempt = fc.integer({ min: 1, max: 999_999 });
  fc.assert(
    fc.property(token, attempt, (cell, n) => {
      const id = `${cell}-${newUuid(Date.now())}-${String(n)}` as OfferId;
      assert.equal(offerOfShort(shortOf(id)), id);
    }),
  );
  assert.ok(shortOf(`46920bd-${newUuid(Date.now())}-1` as OfferId).length <= 30);
});

it('what is no code is none', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const found = offerOfShort(text);
      if (found !== null) assert.equal(offerOfShort(shortOf(found)), found);
    }),
  );
  assert.equal(offerOfShort(''), null);
});

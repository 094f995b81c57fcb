/** Our cells against two other libraries: Google's Go library (a fixture, see dev/tools/s2oracle) and s2-geometry. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { S2CellId } from 'nodes2ts';
import { cellIdOf, levelOf, regionOf, signedIdOf, tokenOf, tokenOfSigned } from '#core/geo/cell.ts';
import type { Place } from '#core/geo/distance.ts';
import type { CellToken } from '#core/words/ids.ts';
import { cellAt, cellOfLevel } from './s2.ts';

type Row = [lat: number, lon: number, cell: string, region: string, ...neighbours: string[]];
const ROWS = JSON.parse(readFileSync(new URL('../../../test/fixtures/s2.json', import.meta.url), 'utf8')) as Row[];

/** The part of s2-geometry that we ask; it has no types, and numbers its neighbours' corners with infinities at poles. */
interface SecondOracle {
  S2: {
    latLngToKey(lat: number, lon: number, level: number): string;
    keyToId(key: string): string;
    latLngToNeighborKeys(lat: number, lon: number, level: number): string[];
  };
}
/** Two libraries may differ in the last bit at an edge of level 30 (none of 200,000 did): the same points each time. */
const SEED = 20_260_301;
const require = createRequire(import.meta.url);
const { S2 } = require('s2-geometry') as SecondOracle;

function neighboursOf(cell: CellToken): string[] {
  return S2CellId.fromToken(cell)
    .getEdgeNeighbors()
    .map((each) => each.toToken());
}

describe("cells as Google's Go library has them", () => {
  it('2,000 points, half of them at edges of the faces: cell, region, neighbours', () => {
    assert.equal(ROWS.length, 2_000);
    assert.equal(new Set(ROWS.map(([, , cell]) => cellIdOf(cell as CellToken) >> 61n)).size, 6);
    for (const [lat, lon, cell, region, ...neighbours] of ROWS) {
      const where = `${String(lat)}, ${String(lon)}`;
      const ours = cellAt({ lat, lon });
      assert.equal(ours, cell, where);
      assert.equal(regionOf(ours), region, where);
      assert.deepEqual(neighboursOf(ours), neighbours, where);
    }
  });
});

describe('cells as s2-geometry has them', () => {
  const idAt = ({ lat, lon }: Place, level: number): string =>
    tokenOf(BigInt(S2.keyToId(S2.latLngToKey(lat, lon, level))));
  const anywhere = fc.record({
    lat: fc.double({ min: -89.999, max: 89.999, noNaN: true }),
    lon: fc.double({ min: -179.999, max: 179.999, noNaN: true }),
  });
  const inOurCities = fc.oneof(
    fc.record({
      lat: fc.double({ min: -6.7, max: -6, noNaN: true }),
      lon: fc.double({ min: 106.4, max: 107.2, noNaN: true }),
    }),
    fc.record({
      lat: fc.double({ min: 60.1, max: 60.4, noNaN: true }),
      lon: fc.double({ min: 24.5, max: 25.3, noNaN: true }),
    }),
  );
  const atFaceEdges = fc
    .record({
      row: fc.constantFrom(...ROWS.filter((_, i) => i % 2 === 1)),
      by: fc.double({ min: -1e-4, max: 1e-4, noNaN: true }),
    })
    .map(({ row: [lat, lon], by }) => ({ lat: lat + by, lon: Math.min(180, Math.max(-180, lon - by)) }));
  const somewhere = fc.oneof(anywhere, inOurCities, atFaceEdges);

  it('at any level', () => {
    fc.assert(
      fc.property(somewhere, fc.constantFrom(1, 5, 9, 10, 12, 13, 15, 20, 30), (place, level) => {
        assert.equal(cellAt(place, level), idAt(place, level));
      }),
      { numRuns: 5_000, seed: SEED },
    );
  });

  it('and its regions are our ancestors', () => {
    fc.assert(
      fc.property(somewhere, fc.integer({ min: 1, max: 12 }), (place, level) => {
        assert.equal(regionOf(cellAt(place, 12), level), idAt(place, level));
      }),
      { numRuns: 3_000, seed: SEED },
    );
  });

  it('and its neighbours are neighbours', () => {
    fc.assert(
      fc.property(fc.oneof(inOurCities, atFaceEdges, anywhere), (place) => {
        const theirs = S2.latLngToNeighborKeys(place.lat, place.lon, 12).map((key) => tokenOf(BigInt(S2.keyToId(key))));
        assert.deepEqual(theirs.sort(), neighboursOf(cellAt(place)).sort());
      }),
      { numRuns: 2_000, seed: SEED },
    );
  });
});

describe('cells', () => {
  const cells = fc
    .record({
      lat: fc.double({ min: -90, max: 90, noNaN: true }),
      lon: fc.double({ min: -180, max: 180, noNaN: true }),
      level: fc.integer({ min: 0, max: 30 }),
    })
    .map(({ level, ...place }) => ({ level, cell: cellAt(place, level) }));

  it('go through PostgreSQL and back, and know their level', () => {
    fc.assert(
      fc.property(cells, ({ level, cell }) => {
        const signed = BigInt(signedIdOf(cell));
        assert.ok(signed >= -(2n ** 63n) && signed < 2n ** 63n);
        assert.equal(tokenOfSigned(String(signed)), cell);
        assert.equal(levelOf(cell), level);
        assert.equal(cellOfLevel(cell, level), cell);
        assert.equal(cellOfLevel(cell, (level + 1) % 31), null);
      }),
      { numRuns: 3_000 },
    );
  });

  it('of no place are refused, for the library would make one up', () => {
    for (const place of [
      { lat: Number.NaN, lon: 0 },
      { lat: 0, lon: Number.NaN },
      { lat: 90.1, lon: 0 },
      { lat: 0, lon: -180.1 },
      { lat: Infinity, lon: 0 },
    ]) {
      assert.throws(() => cellAt(place), RangeError);
    }
  });

  it('of no shape are refused', () => {
    for (const text of [
      '',
      '0',
      '00',
      'x',
      'ABC',
      '46920b50',
      '46920b5; drop',
      'ffffffffffffffff',
      '46920b',
      '46920b55',
    ]) {
      assert.equal(cellOfLevel(text), null, text);
    }
    assert.equal(cellOfLevel('46920b5'), '46920b5');
  });
});

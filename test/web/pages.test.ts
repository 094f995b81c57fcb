/** Lists longer than a page: what is at their end is not left out. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readPages } from '../../web/app/pages.ts';

/** A server that gives these, newest first, and what it was asked. */
function serverOf(count: number) {
  const all = Array.from({ length: count }, (_, index) => count - index);
  const asked: string[] = [];
  const read = <Body>(path: string): Promise<Body> => {
    asked.push(path);
    const { searchParams } = new URL(path, 'http://here');
    const [limit, from] = [Number(searchParams.get('limit') ?? 50), Number(searchParams.get('cursor') ?? 0)];
    const items = all.slice(from, from + limit);
    return Promise.resolve({ items, nextCursor: from + limit < count ? String(from + limit) : null } as Body);
  };
  return { read, asked };
}

describe('pages', () => {
  it('are read to the first of all, with what was asked for', async () => {
    for (const [count, asks] of [
      [0, 1],
      [51, 1],
      [100, 1],
      [101, 2],
      [250, 3],
    ] as const) {
      const { read, asked } = serverOf(count);
      const found = await readPages<number>('/v1/offers?state=open', { read });
      assert.equal(found.length, count);
      assert.equal(found.at(-1), count === 0 ? undefined : 1);
      assert.equal(asked.length, asks);
      assert.ok(asked.every((path) => path.includes('state=open')));
    }
  });

  it('come to an end', async () => {
    const { read, asked } = serverOf(10_000);
    assert.equal((await readPages<number>('/v1/offers', { read, mostPages: 10 })).length, 1_000);
    assert.equal(asked.length, 10);
    const donors = serverOf(10_000);
    const goesOn = (page: readonly number[]) => page.some((each) => each > 9_850);
    assert.equal((await readPages<number>('/v1/surplus', { read: donors.read, goesOn })).length, 300);
  });

  it('of which one is not answered are none', async () => {
    const { read, asked } = serverOf(150);
    const half = <Body>(path: string) => (asked.length > 0 ? Promise.reject(new Error('away')) : read<Body>(path));
    await assert.rejects(readPages<number>('/v1/offers', { read: half }));
  });
});

/** The map's file as the api serves it: in ranges, to everybody, and nothing beside it; a wrong file is refused at the start. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openMapTiles } from '../../services/api/map/tiles.ts';
import { startWorld, type World } from './world.ts';

const HELSINKI = join(import.meta.dirname, '../../data/helsinki/streets.pmtiles');
const whole = readFileSync(HELSINKI);
const folder = mkdtempSync(join(tmpdir(), 'pahlawan-map-'));
const file = join(folder, 'streets.pmtiles');
let world: World;
let path: string;
before(async () => {
  writeFileSync(file, whole);
  writeFileSync(join(folder, 'beside.txt'), 'beside it');
  const mapTiles = await openMapTiles(file);
  assert.ok(mapTiles);
  path = mapTiles.path;
  world = await startWorld({ change: (given) => ({ ...given, mapTiles }) });
});
after(async () => {
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function get(headers: Record<string, string> = {}, method = 'GET', at = path) {
  const answer = await fetch(world.url + at, { method, headers });
  return { status: answer.status, headers: answer.headers, bytes: Buffer.from(await answer.arrayBuffer()) };
}
const ranged = (range: string, more: Record<string, string> = {}) => get({ range, ...more });

describe("the map's tiles", () => {
  it('are named to whoever is signed in, of any role', async () => {
    const { body, status } = await world.ask('GET', '/v1/me', { as: 'operator' });
    assert.equal(status, 200);
    assert.equal(body.map, path);
    assert.match(path, /^\/map\/[0-9a-f]{16}\.pmtiles$/);
  });

  it('are sent whole, with what they are and how long they may be kept; HEAD says the same without them', async () => {
    for (const method of ['GET', 'HEAD']) {
      const { status, headers, bytes } = await get({}, method);
      assert.equal(status, 200);
      assert.equal(headers.get('content-length'), String(whole.length));
      assert.equal(headers.get('accept-ranges'), 'bytes');
      assert.equal(headers.get('content-type'), 'application/vnd.pmtiles');
      assert.equal(headers.get('cache-control'), 'public, max-age=31536000, immutable');
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.equal(headers.get('content-encoding'), null);
      assert.ok(headers.get('etag') !== null && headers.get('last-modified') !== null);
      assert.equal(bytes.compare(method === 'GET' ? whole : Buffer.alloc(0)), 0);
    }
  });

  it('are sent in ranges: first, middle, last, open, longer than the file', async () => {
    const last = whole.length - 1;
    const ranges: readonly (readonly [range: string, from: number, to: number])[] = [
      ['bytes=0-0', 0, 0],
      ['bytes=0-16383', 0, 16_383],
      ['bytes=5000-5999', 5_000, 5_999],
      [`bytes=${String(last)}-`, last, last],
      ['bytes=-100', last - 99, last],
      ['bytes=90000-999999999', 90_000, last],
    ];
    for (const [range, from, to] of ranges) {
      const { status, headers, bytes } = await ranged(range);
      assert.equal(status, 206, range);
      assert.equal(headers.get('content-range'), `bytes ${String(from)}-${String(to)}/${String(whole.length)}`, range);
      assert.equal(headers.get('content-length'), String(to - from + 1), range);
      assert.equal(bytes.compare(whole.subarray(from, to + 1)), 0, range);
    }
  });

  it('a range that is none is no range; one outside of the file is a problem that says how long it is', async () => {
    for (const range of ['lines=0-1', 'bytes=0-1,5-6', '0-1']) {
      const { status, bytes } = await ranged(range);
      assert.deepEqual([status, bytes.length], [200, whole.length], range);
    }
    const { status, headers, bytes } = await ranged(`bytes=${String(whole.length)}-`);
    assert.equal(status, 416);
    assert.equal(headers.get('content-range'), `bytes */${String(whole.length)}`);
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.match(headers.get('content-type') ?? '', /^application\/problem\+json/);
    assert.equal(JSON.parse(bytes.toString()).type, '/docs/errors/range-not-satisfiable');
  });

  it('that have not changed are not sent again; a range of what was changed is not mixed with what one holds', async () => {
    const { headers } = await get();
    const etag = headers.get('etag') ?? '';
    // fetch says no-cache of its own accord when it is given these
    const unless = async (given: Record<string, string>) => (await world.ask('GET', path, { headers: given })).status;
    assert.equal(await unless({ 'if-none-match': etag }), 304);
    assert.equal(await unless({ 'if-modified-since': headers.get('last-modified') ?? '' }), 304);
    assert.equal((await ranged('bytes=0-9', { 'if-range': etag })).status, 206);
    const { status, bytes } = await ranged('bytes=0-9', { 'if-range': '"another"' });
    assert.deepEqual([status, bytes.length], [200, whole.length]);
  });

  it('are all there is: no other name, method or way out of the folder', async () => {
    for (const other of ['/map', '/map/', '/map/beside.txt', '/map/..%2fbeside.txt', `${path}/..%2fbeside.txt`]) {
      const { status, bytes } = await get({}, 'GET', other);
      assert.equal(status, 404, other);
      assert.equal(bytes.toString().includes('beside it'), false, other);
    }
    assert.equal((await get({}, 'GET', `${path}?x=/beside.txt`)).status, 200);
    const refused = await get({}, 'POST');
    assert.deepEqual([refused.status, refused.headers.get('allow')], [405, 'GET, HEAD']);
  });

  it('that are taken away are a problem, and come back', async () => {
    rmSync(file);
    assert.equal((await get()).status, 404);
    writeFileSync(file, whole);
    assert.equal((await get()).status, 200);
  });
});

describe('a file', () => {
  it('is known by what it holds, not by where it lies', async () => {
    const copy = join(folder, 'copy.pmtiles');
    writeFileSync(copy, whole);
    assert.equal((await openMapTiles(copy))?.path, path);
    writeFileSync(copy, Buffer.concat([whole, Buffer.from('more')]));
    assert.notEqual((await openMapTiles(copy))?.path, path);
    assert.equal(await openMapTiles(''), null);
  });

  it('that cannot be a map is refused, and it is said why', async () => {
    const spoilt = (at: number, byte: number): Buffer => {
      const bytes = Buffer.from(whole);
      bytes[at] = byte;
      return bytes;
    };
    const wrong: readonly (readonly [bytes: Buffer, why: RegExp])[] = [
      [Buffer.alloc(0), /is no PMTiles archive/],
      [Buffer.from('PMTiles\u0003'), /is no PMTiles archive/],
      [spoilt(0, 0x70), /is no PMTiles archive/],
      [spoilt(7, 2), /is PMTiles version 2, and only 3/],
      [spoilt(99, 2), /holds no vector tiles/],
    ];
    for (const [bytes, why] of wrong) {
      const made = join(folder, 'wrong.pmtiles');
      writeFileSync(made, bytes);
      await assert.rejects(openMapTiles(made), why);
    }
    await assert.rejects(openMapTiles('streets.pmtiles'), /not an absolute path/);
    await assert.rejects(openMapTiles(join(folder, 'nowhere')), /cannot be read \(ENOENT\)/);
    await assert.rejects(openMapTiles(folder), /cannot be read \(EISDIR\)/);
  });

  it('that is not there stops the api from starting', async () => {
    const env = { ...world.env, PATH: process.env['PATH'], MAP_TILES_FILE: join(folder, 'nowhere') };
    const main = join(import.meta.dirname, '../../services/api/main.ts');
    const api = spawn(process.execPath, [main], { stdio: ['ignore', 'ignore', 'pipe'], env });
    let errors = '';
    api.stderr.on('data', (part) => (errors += String(part)));
    const [code] = (await once(api, 'exit')) as [number];
    assert.notEqual(code, 0);
    assert.match(errors, /MAP_TILES_FILE: .*nowhere cannot be read \(ENOENT\)/);
  });
});

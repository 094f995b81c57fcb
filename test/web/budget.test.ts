/** A cheap phone on a slow network: the first load has a budget. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { gzipSync } from 'node:zlib';

const DIST = join(import.meta.dirname, '../../web/dist');
const MOST_BYTES = 300 * 1024;
const MOST_SCRIPT_BYTES = 120 * 1024;

/** Loaded when somebody opens a map where there is one, and never before: test/web/map.test.ts. */
const MAP = /^assets\/(streets|maplibre-gl-worker)-/;
const MOST_MAP_BYTES = 480 * 1024;

const all = globSync('**/*.*', { cwd: DIST }).filter((path) => !/\.(br|gz)$/.test(path));
const files = all.filter((path) => !MAP.test(path));
const gzipped = (path: string): number => gzipSync(readFileSync(join(DIST, path)), { level: 9 }).length;
const sum = (paths: readonly string[]): number => paths.reduce((bytes, path) => bytes + gzipped(path), 0);

it('the first load is small, its script smaller', () => {
  const scripts = files.filter((path) => path.endsWith('.js'));
  assert.ok(scripts.length >= 2, 'run make setup: the screens are not built');
  assert.ok(sum(files) <= MOST_BYTES, `all: ${String(sum(files))} bytes`);
  assert.ok(sum(scripts) <= MOST_SCRIPT_BYTES, `script: ${String(sum(scripts))} bytes`);
});

it('the map is apart: its script, its worker and its looks, in no file of the first load and not kept for later', () => {
  const map = all.filter((path) => MAP.test(path));
  assert.deepEqual(map.map((path) => path.replace(/-[\w-]{8}\./, '.')).sort(), [
    'assets/maplibre-gl-worker.js',
    'assets/streets.css',
    'assets/streets.js',
  ]);
  assert.ok(sum(map) <= MOST_MAP_BYTES, `map: ${String(sum(map))} bytes`);
  for (const path of files.filter((each) => each.endsWith('.js')))
    assert.doesNotMatch(readFileSync(join(DIST, path), 'utf8'), /maplibregl-canvas/, path);
  const kept = readFileSync(join(DIST, 'sw.js'), 'utf8');
  assert.match(kept, /assets\/index-/);
  assert.doesNotMatch(kept, /assets\/(streets|maplibre)/);
});

it('no file of ours names a place elsewhere', () => {
  for (const path of ['index.html', ...files.filter((each) => /\.(css|webmanifest)$/.test(each))])
    assert.doesNotMatch(readFileSync(join(DIST, path), 'utf8'), /https?:\/\/(?!www\.w3\.org)/, path);
});

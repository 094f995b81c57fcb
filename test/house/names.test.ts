/** Names say the thing: what says nothing is refused. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { it } from 'node:test';

const HOUSE = join(import.meta.dirname, '../..');
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: HOUSE,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(HOUSE, path)));
const EMPTY_WORDS =
  /(^|[-_.])(utils?|helpers?|common|lib|shared|manager)(?=[-_.A-Z]|$)|[a-z](Utils?|Helpers?|Common|Lib|Shared|Manager)(?=[-_.A-Z]|$)/;
const SECRET = /-----BEGIN (RSA |EC )?PRIVATE KEY-----/;
/** folders that a stranger meets must say what they are */
const SIGNED = [
  'actors',
  'actors/core',
  'actors/cell',
  'services',
  'services/adapters',
  'services/api',
  'services/actor-host',
  'services/relay',
  'services/worker',
  'proto',
  'test',
  'docs',
  'data',
  'dev',
  'web',
  'charts',
  'k8s',
  'loadtest',
];

it('no file or folder is named for nothing', () => {
  const bad = files.filter((path) => path.split('/').some((part) => EMPTY_WORDS.test(part.replace(/\.[a-z]+$/, ''))));
  assert.deepEqual(bad, []);
});

it('the rule about names can fail', () => {
  for (const name of ['utils', 'dateHelpers', 'common', 'lock-manager', 'lib']) assert.match(name, EMPTY_WORDS);
  for (const name of ['candidates', 'library', 'calibrate', 'sharedness']) assert.doesNotMatch(name, EMPTY_WORDS);
});

it('every room has its sign', () => {
  const unsigned = SIGNED.filter((room) => !existsSync(join(HOUSE, room, 'README.md')));
  assert.deepEqual(unsigned, []);
});

it('the lockfile names no address, and no private key is in the repository', () => {
  assert.doesNotMatch(readFileSync(join(HOUSE, 'package-lock.json'), 'utf8'), /"resolved"|https?:\/\/registry/);
  const text = files.filter((path) => !/\.(png|pbf|ico|woff2)$/.test(basename(path)));
  const leaking = text.filter(
    (path) => path !== 'test/house/names.test.ts' && SECRET.test(readFileSync(join(HOUSE, path), 'utf8')),
  );
  assert.deepEqual(leaking, []);
});

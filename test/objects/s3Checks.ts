/** The S3 adapter on a server that checks its signatures: versitygw over a folder. `make test-s3`; minutes to build, once. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { createS3Store } from '#adapters/objects/s3Store.ts';
import { freePort, until } from '../../dev/testing/loopServers.ts';
import { objectsAcceptance } from '../acceptance/objects.ts';
import { buildGoTool } from '../faults/goTool.ts';

const PACKAGE = 'github.com/versity/versitygw/cmd/versitygw';
const keyId = 'photos';
const secret = randomBytes(16).toString('hex');
const folder = mkdtempSync(join(tmpdir(), 's3-'));
let url = '';
let server: ChildProcess;

before(async () => {
  const built = buildGoTool('versitygw', PACKAGE, import.meta.dirname);
  if ('because' in built) throw new Error(built.because);
  const [root, facts] = [join(folder, 'root'), join(folder, 'facts')];
  for (const each of [join(root, 'food'), facts]) mkdirSync(each, { recursive: true });
  const at = `127.0.0.1:${String(await freePort())}`;
  url = `http://${at}`;
  // facts beside the files: not every file system here has extended attributes
  const args = ['--port', at, '--access', keyId, '--secret', secret, '--quiet', 'posix', '--sidecar', facts, root];
  server = spawn(built.path, args, { stdio: 'ignore' });
  const answers = (): Promise<boolean> =>
    fetch(url).then(
      () => true,
      () => false,
    );
  await until('the S3 server answers', answers, 20_000);
});
after(async () => {
  server.kill();
  await once(server, 'exit');
  rmSync(folder, { recursive: true, force: true });
});

const storeWith = (change: object = {}) =>
  createS3Store({ bucketUrl: `${url}/food`, region: 'us-east-1', keyId, secret, ...change });
objectsAcceptance('S3', () => storeWith());

it('a wrong secret or bucket is said, and is never an empty answer', async () => {
  await assert.rejects(storeWith({ secret: 'wrong' }).get('photos/x'), /S3 answered 403 SignatureDoesNotMatch/);
  const elsewhere = storeWith({ bucketUrl: `${url}/no-such` });
  await assert.rejects(elsewhere.get('x'), /S3 answered 404 NoSuchBucket/);
  await assert.rejects(elsewhere.put('x', Buffer.from([1]), 'image/jpeg'), /S3 answered 404 NoSuchBucket/);
});

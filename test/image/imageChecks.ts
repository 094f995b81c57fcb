/**
 * `make test-image`: every process is started from the built tree as the image would run it: as an unprivileged user, on a root
 * that can't be written, without a shell. Then a surplus is posted, offered, claimed and handed over.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { byThisNode, type CommandOf } from '../../dev/stack/apps.ts';
import { startStack, type Stack } from '../../dev/stack/stack.ts';
import { cacheFolder } from '../../dev/stack/tools.ts';
import { seedCity } from '../faults/stage.ts';
import { breadOf, signIn, type OfferSeen, type SurplusSeen } from '../journey/people.ts';

const PROCESSES = ['api', 'actor-host', 'relay', 'worker'];
const USER = 10_001;
const tree = join(cacheFolder(), 'image-tree');
/** A mount namespace of its own, in which the tree is the root and can't be written. */
const CONTAINED = `set -e
mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"; mount -t proc proc "$1/proc"; mount --bind /dev "$1/dev"
exec chroot --userspec=${String(USER)}:${String(USER)} "$1" /usr/local/bin/node "/app/$2"`;

let stack: Stack;
const dir = mkdtempSync(join(tmpdir(), 'image-test-'));

before(async () => {
  assert.ok(existsSync(join(tree, 'app')), 'there is no tree: make image');
  const commandOf: CommandOf = (main) =>
    main.startsWith('services/')
      ? ['unshare', '--mount', '--', 'sh', '-c', CONTAINED, 'sh', tree, main]
      : byThisNode(main);
  // A map is a file beside the image, which is all that is seen from here.
  stack = await startStack({ dir, processes: { valhalla: 0 }, env: { MAP_TILES_FILE: '' }, commandOf });
  await seedCity(stack, 'helsinki');
});
after(async () => {
  await stack.stop();
  rmSync(dir, { recursive: true, force: true });
});

function statusOf(name: string): string {
  return readFileSync(`/proc/${String(stack.process(name).pid)}/status`, 'utf8');
}

it('every process runs as an unprivileged user without capabilities, and is able', async () => {
  for (const name of PROCESSES) {
    assert.match(statusOf(name), new RegExp(`^Uid:\\s+${String(USER)}\\s`, 'm'), name);
    assert.match(statusOf(name), /^CapEff:\s+0+$/m, name);
    const ready = await fetch(`http://127.0.0.1:${String(stack.ports[name])}/readyz`);
    assert.equal(ready.status, 200, `${name}: ${await ready.text()}`);
  }
});

it('has no shell, no package manager, no tests and no secrets; its SBOM names what it is made of', () => {
  for (const path of [
    'bin/sh',
    'usr/bin/sh',
    'bin/bash',
    'usr/local/bin/npm',
    'root/.npmrc',
    'run/cacerts.pem',
    'app/dev',
    'app/test',
  ])
    assert.equal(existsSync(join(tree, path)), false, path);
  const bom = JSON.parse(readFileSync(join(tree, 'app/sbom.cdx.json'), 'utf8')) as {
    bomFormat: string;
    components: { 'bom-ref': string }[];
  };
  assert.equal(bom.bomFormat, 'CycloneDX');
  const { dependencies } = JSON.parse(readFileSync(join(tree, 'app/package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const named = new Set(bom.components.map((each) => each['bom-ref']));
  for (const [name, version] of Object.entries(dependencies)) assert.ok(named.has(`${name}@${version}`), name);
});

it('a surplus is offered, claimed and handed over', async () => {
  const where = {
    apiUrl: `http://127.0.0.1:${String(stack.ports['api'])}`,
    issuerUrl: stack.env['JWT_ISSUER_URL'] ?? '',
  };
  const operator = await signIn(where, 'operator');
  const donors = await operator.get<{ items: { id: string }[] }>('/v1/donors?limit=20');
  const { offer, donor } = await offered(
    where,
    donors.body.items.map(({ id }) => id),
  );
  const recipient = await signIn(where, 'recipient', offer.recipientId);
  assert.equal((await recipient.post(`/v1/offers/${offer.id}/accept`, {})).status, 200);
  const code = await (
    await signIn(where, 'donor', donor)
  ).get<{ code: string }>(`/v1/offers/${offer.id}/handover-code`);
  const handover = await recipient.post<SurplusSeen>(`/v1/offers/${offer.id}/handover`, { code: code.body.code });
  assert.equal(handover.status, 200);
});

/** The candidates follow the seed within a second or so, and not everybody is open at this hour. */
async function offered(
  where: Parameters<typeof signIn>[0],
  donors: readonly string[],
): Promise<{ offer: OfferSeen; donor: string }> {
  for (let round = 0; round < 5; round++) {
    for (const donor of donors) {
      const posted = await (await signIn(where, 'donor', donor)).post<SurplusSeen>('/v1/surplus', breadOf());
      assert.equal(posted.status, 201, JSON.stringify(posted.body));
      if (posted.body.offer !== null) return { offer: posted.body.offer, donor };
    }
    await pause(1_000);
  }
  assert.fail('nobody was offered anything');
}

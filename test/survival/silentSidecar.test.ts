/** daprd 1.18 silences itself (ADR 0012): the watch finds it and ends it. Fails without the watch, and when daprd is mended: then the watch may go. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { ACTOR_TYPE, TURN_METHOD } from '#cell/contract.ts';
import type { App } from '../../dev/stack/apps.ts';
import { secretsIn } from '../../dev/stack/secrets.ts';
import { startStack, type Stack } from '../../dev/stack/stack.ts';
import { until } from '../../dev/testing/until.ts';

const HOSTS = ['host', 'host-2'] as const;
const APPS: readonly App[] = [
  { kind: 'host', main: 'test/survival/heldUpHost.ts', daprd: true, after: [], silent: true },
];
const ALONE = { postgres: 0, redis: 0, nats: 0, valhalla: 0, migrate: 0 };
const CELLS = ['46920bd', '46920a3', '46920b5', '46920c3', '46920a1', '46920bf', '46920ab', '46920b1'];

const dir = mkdtempSync(join(tmpdir(), 'silent-sidecar-'));
let stack: Stack;

before(
  async () => {
    stack = await startStack({ dir, apps: APPS, processes: { host: 2, ...ALONE }, env: { WATCHED: '1' } });
  },
  { timeout: 60_000 },
);
after(async () => {
  await stack.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function isAnswered(through: string, cell: string): Promise<boolean> {
  const url = `http://127.0.0.1:${String(stack.ports[`${through}.daprd.http`])}/v1.0/actors/${ACTOR_TYPE}/${cell}/method/${TURN_METHOD}`;
  const headers = { 'dapr-api-token': secretsIn(dir).daprApiToken, 'content-type': 'application/json' };
  const body = JSON.stringify({ commands: [] });
  return await fetch(url, { method: 'PUT', headers, body, signal: AbortSignal.timeout(1_000) }).then(
    ({ ok }) => ok,
    () => false,
  );
}

const silentOnes = async (): Promise<string[]> => {
  const asked = HOSTS.flatMap((host) =>
    CELLS.map(async (cell) => ((await isAnswered(host, cell)) ? [] : [`${host} ${cell}`])),
  );
  return (await Promise.all(asked)).flat();
};

it(
  'a sidecar that is connected and lets no call through is ended, and its cells are found again',
  { timeout: 90_000 },
  async () => {
    await stack.process('host-2.daprd').stop();
    const hasAll = async (): Promise<boolean> => (await silentOnes()).every((each) => each.startsWith('host-2 '));
    await until('one host has all cells', hasAll, 15_000);
    const restarts = (): number => HOSTS.reduce((sum, host) => sum + stack.process(`${host}.daprd`).restarts, 0);
    const before = restarts();
    // Half of the cells move, and taking them away lasts longer than a round.
    await fetch(`http://127.0.0.1:${String(stack.ports['host'])}/hold-up`, { method: 'POST' });
    await stack.process('host-2.daprd').start();
    await until('a sidecar is ended', () => restarts() > before, 20_000);
    await until('every cell answers through every sidecar', async () => (await silentOnes()).length === 0, 20_000);
    assert.ok(restarts() - before <= HOSTS.length, `${String(restarts() - before)} sidecars ended`);
  },
);

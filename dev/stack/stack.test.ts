import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { until } from '../testing/until.ts';
import type { App } from './apps.ts';
import { withClient } from './infrastructure/postgres.ts';
import { secretsIn } from './secrets.ts';
import { type Stack, startStack } from './stack.ts';
import { endOrphans, readState, startTicksOf } from './state.ts';

const APPS: readonly App[] = [
  {
    kind: 'stand-in',
    main: 'dev/testing/standInApp.ts',
    daprd: true,
    after: ['migrate', 'redis', 'nats', 'valhalla'],
    background: true,
  },
];
const PROCESSES = { 'stand-in': 2 };

const runs = (pid: number | undefined): boolean => pid !== undefined && startTicksOf(pid) !== '';

describe('a stack', () => {
  const dir = mkdtempSync(join(tmpdir(), 'pahlawan-stack-'));
  const said: string[] = [];
  let stack: Stack;
  before(async () => {
    stack = await startStack({ dir, apps: APPS, processes: PROCESSES, log: (line) => said.push(line) });
  });
  after(async () => {
    await stack.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it('starts each when those before it are ready', () => {
    const order = said.filter((line) => line.endsWith(' is ready')).map((line) => line.split(' ')[0]);
    for (const [first, second] of [
      ['postgres', 'migrate'],
      ['migrate', 'stand-in'],
      ['stand-in', 'stand-in.daprd'],
      ['stand-in-2', 'stand-in-2.daprd'],
    ]) {
      assert.ok(order.indexOf(first) >= 0 && order.indexOf(first) < order.indexOf(second), `${said.join('\n')}`);
    }
  });

  it('is refused a second time on the same folder', async () => {
    await assert.rejects(startStack({ dir, apps: APPS, processes: PROCESSES }), /already runs/);
  });

  it("gives the servers' role short timeouts, and secrets to their owner alone", async () => {
    const timeouts = await withClient(stack.env['DATABASE_URL'] ?? '', async (client) => [
      (await client.query<{ statement_timeout: string }>('show statement_timeout')).rows[0]?.statement_timeout,
      (await client.query<{ lock_timeout: string }>('show lock_timeout')).rows[0]?.lock_timeout,
    ]);
    assert.deepEqual(timeouts, ['1s', '1s']);
    for (const file of ['secrets.json', 'env.json', 'state.json']) {
      assert.equal(statSync(join(dir, file)).mode & 0o077, 0, file);
    }
  });

  it('has sidecars that do not reload: one that starts would let the cells of others go (ADR 0015)', async () => {
    const url = `http://127.0.0.1:${String(stack.ports['stand-in.daprd.http'])}/v1.0/metadata`;
    const headers = { 'dapr-api-token': secretsIn(dir).daprApiToken };
    const { enabledFeatures } = (await (await fetch(url, { headers })).json()) as { enabledFeatures: string[] };
    assert.ok(enabledFeatures.length > 0 && !enabledFeatures.includes('HotReload'), enabledFeatures.join());
  });

  for (const name of ['stand-in', 'stand-in.daprd', 'postgres', 'redis', 'nats', 'placement', 'valhalla']) {
    it(`brings ${name} back after kill -9, and says so`, async () => {
      const victim = stack.process(name);
      const { pid, restarts } = victim;
      victim.kill('SIGKILL');
      await until(`${name} is another process`, () => victim.restarts > restarts && runs(victim.pid));
      await victim.ready();
      assert.notEqual(victim.pid, pid);
      assert.ok(said.some((line) => line.startsWith(`${name} died (SIGKILL)`)));
    });
  }

  it('lets stand back whom nobody waits for, also after it died, and nobody else', () => {
    const nicenessOf = (name: string): number => getPriority(stack.process(name).pid) - getPriority();
    assert.deepEqual(['stand-in', 'stand-in-2', 'stand-in.daprd', 'postgres'].map(nicenessOf), [5, 5, 0, 0]);
  });

  it('leaves one that was stopped on purpose down until it is started', async () => {
    const valhalla = stack.process('valhalla');
    await valhalla.stop();
    assert.equal(valhalla.pid, undefined);
    await valhalla.start();
    assert.ok(runs(valhalla.pid));
  });

  it('stops whole, also those that are paused, and leaves no process', async () => {
    const pids = stack.status().flatMap(({ pid }) => pid ?? []);
    assert.equal(pids.length, 10);
    stack.process('stand-in-2').kill('SIGSTOP');
    await stack.stop();
    assert.deepEqual(pids.filter(runs), []);
  });
});

it('a supervisor that is killed leaves no process behind', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'pahlawan-orphans-'));
  const program = `import { startStack } from ${JSON.stringify(join(import.meta.dirname, 'stack.ts'))};
    await startStack({ dir: ${JSON.stringify(dir)}, apps: [], processes: { valhalla: 0, migrate: 0 } }); console.log('up');`;
  const supervisor = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(supervisor.stdout, 'data');
  const pids = readState(dir)?.processes.flatMap(({ pid }) => pid ?? []) ?? [];
  assert.ok(pids.length === 5 && pids.every(runs));
  supervisor.kill('SIGKILL');
  await once(supervisor, 'exit');
  await endOrphans(dir);
  await until('all of them are gone', () => !pids.some(runs));
  rmSync(dir, { recursive: true, force: true });
});

/** A short campaign with one fault of each sort; `make faults` draws longer ones from a seed. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { runCampaign } from './campaign.ts';
import { figuresOf } from './figures.ts';
import { judge } from './judge.ts';
import type { Fault, FaultKind } from './schedule.ts';

const fault = (atMs: number, kind: FaultKind, targets: readonly string[], forMs = 0): Fault => ({
  atMs,
  kind,
  targets,
  forMs,
});
const SCHEDULE: readonly Fault[] = [
  fault(3_000, 'kill', ['actor-host', 'actor-host.daprd']),
  fault(9_000, 'pause', ['actor-host-2', 'actor-host-2.daprd'], 3_000),
  fault(15_000, 'flush', ['redis']),
  fault(18_000, 'kill-tree', ['postgres']),
  fault(24_000, 'delete-stream', ['nats']),
  fault(27_000, 'kill', ['nats']),
  fault(31_000, 'kill', ['api', 'relay', 'worker']),
];

it('one fault of each sort within half a minute breaks no law', { timeout: 280_000 }, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'faults-test-'));
  const say = (): void => undefined;
  const options = { seed: 'test', durationMs: 35_000, city: 'helsinki', postsPerSecond: 1, dir, say };
  const campaign = await runCampaign({ ...options, schedule: SCHEDULE });
  const { breaches, linearity } = judge(campaign, dir);
  t.diagnostic(linearity);
  const figures = figuresOf(campaign).lines.join('\n');
  assert.deepEqual(
    campaign.injected.filter((each) => each.failure !== ''),
    [],
  );
  const shown = breaches.slice(0, 3).map((breach) => ({ ...breach, evidence: breach.evidence.slice(0, 5) }));
  assert.equal(breaches.length, 0, `${JSON.stringify(shown, null, 1)}\n${figures}\n${linearity}\nevidence: ${dir}`);
  assert.ok(
    campaign.evidence.operations.some((each) => each.kind === 'handover' && each.outcome === 'ok'),
    figures,
  );
  rmSync(dir, { recursive: true, force: true });
});

import { mkdtempSync, writeFileSync } from 'node:fs';
import { runCampaign } from './campaign.ts';
import { judge } from './judge.ts';
import { figuresOf } from './figures.ts';
import { faultText, type Fault } from './schedule.ts';
const dir = mkdtempSync('/tmp/survive-dbg-');
const H = 3_600_000;
const plan: Omit<Fault, 'atMs'>[] = [
  ...['postgres', 'redis', 'nats'].flatMap((w) => [
    { kind: 'slow', targets: [w], forMs: 4000, byMs: 300 } as const,
    { kind: 'silence', targets: [w], forMs: 4000 } as const,
    { kind: 'cut', targets: [w], forMs: 4000 } as const,
  ]),
  { kind: 'fill-disk', targets: ['postgres'], forMs: 5000 },
  { kind: 'fill-disk', targets: ['nats'], forMs: 5000 },
  ...['actor-host', 'api', 'worker', 'relay'].flatMap((p) =>
    [H, -H].map((byMs) => ({ kind: 'clock', targets: [p], forMs: 8000, byMs }) as const),
  ),
];
let t = 4000;
const schedule: Fault[] = plan.map((f) => {
  const r = { atMs: t, ...f };
  t += f.forMs + 7000;
  return r;
});
const say = (l: string) => console.log(l);
console.log(dir, t);
const campaign = await runCampaign({
  seed: 'dbg',
  durationMs: t,
  city: 'helsinki',
  postsPerSecond: 2,
  dir,
  say,
  schedule,
});
const { breaches, linearity } = judge(campaign, dir);
console.log(linearity);
for (const { fault, failure, worstMs } of figuresOf(campaign).faults)
  console.log(faultText(fault).padEnd(60), (worstMs / 1000).toFixed(1), failure);
for (const l of figuresOf(campaign).lines) console.log(l);
for (const b of breaches.slice(0, 30)) console.log(b.law, '|', b.what);
console.log(breaches.length, 'breaches');
writeFileSync(
  dir + '/evidence.json',
  JSON.stringify({ breaches, injected: campaign.injected, ...campaign.evidence }, null, 1),
);
process.exit(0);

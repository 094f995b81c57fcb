/**
 * What traces cost: `node loadtest/tracing.ts --share 0.1 --rounds 6`. Two stacks stand side by side, one without and one with
 * traces; the same load goes to one and then the other, turn and turn about, so that whatever else the machine does meets both.
 * CPU time is compared, not speed: the speed of a shared machine says more about who shares it.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import type { Measured } from './measure.ts';
import { posts } from './scenarios.ts';
import { startWorld, type World } from './world.ts';

const { values } = parseArgs({
  options: {
    share: { type: 'string', default: '0.1' },
    rounds: { type: 'string', default: '6' },
    rate: { type: 'string', default: '40' },
    seconds: { type: 'string', default: '15' },
  },
});
const { share } = values;
const [rounds, rate, seconds] = [Number(values.rounds), Number(values.rate), Number(values.seconds)];
const OURS = ['api', 'actor-host', 'relay', 'worker'];
const say = (line: string): void => console.log(line);

let received = 0;
/** Takes what the exporters send; decoding it is a collector's cost, not ours. */
const collector = createServer((request, response) => {
  request.on('data', (bytes: Buffer) => (received += bytes.length));
  request.on('end', () => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end());
});
await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
const endpoint = `http://127.0.0.1:${String((collector.address() as AddressInfo).port)}`;

function oursOf({ cpuPer1000 }: Measured): number {
  return OURS.reduce((sum, name) => sum + (cpuPer1000[name] ?? 0), 0);
}

async function round(world: World, name: string): Promise<Measured> {
  const watch = { schema: 'public', catchUpWithinMs: 60_000 } as const;
  const measured = await posts({ world, seed: name, say, watch }, { name, seconds, rate });
  // A refusal costs something too, and stands in nobody's denominator.
  if (Object.keys(measured.statuses).some((status) => status !== '201'))
    say(`  ${name}: not all were taken, this round says little; try a lower --rate`);
  return measured;
}

function middle(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[half] ?? 0) : ((sorted[half - 1] ?? 0) + (sorted[half] ?? 0)) / 2;
}

const text = (figures: readonly number[]): string => figures.map((each) => each.toFixed(3)).join('  ');
const worlds: World[] = [];
try {
  const off = await startWorld(say, { withCompared: false });
  worlds.push(off);
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_TRACES_SAMPLER_ARG: share };
  const on = await startWorld(say, { withCompared: false, env });
  worlds.push(on);
  for (const world of worlds) await round(world, 'warm-up');
  const without: number[] = [];
  const traced: number[] = [];
  for (let n = 0; n < rounds; n++) {
    await Promise.all(worlds.map((world) => world.signIn()));
    const runs = [
      async () => void without.push(oursOf(await round(off, `off ${String(n)}`))),
      async () => void traced.push(oursOf(await round(on, `${share} ${String(n)}`))),
    ];
    for (const run of n % 2 === 0 ? runs : runs.reverse()) await run();
  }
  const ratios = traced.map((each, n) => each / (without[n] ?? 1));
  say(`\nCPU seconds of ${OURS.join(', ')} per 1,000 posts, ${String(rate)} posts/s, rounds of ${String(seconds)} s`);
  say(`off           ${text(without)}   median ${middle(without).toFixed(3)}`);
  say(`share ${share.padEnd(6)}  ${text(traced)}   median ${middle(traced).toFixed(3)}`);
  say(`ratio         ${text(ratios)}   median ${middle(ratios).toFixed(3)}`);
  say(`${String(received)} bytes of spans received`);
} finally {
  for (const world of worlds) await world.stop();
  collector.closeAllConnections();
  collector.close();
}

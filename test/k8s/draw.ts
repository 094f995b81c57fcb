/** Draws a record: `node test/k8s/draw.ts record.json picture.svg`. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Sample } from './record.ts';

export interface RunRecord {
  readonly command: string;
  readonly commit: string;
  readonly startedAt: string;
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly targetSaturation: number;
  readonly figures: Readonly<Record<string, number | string>>;
  readonly samples: readonly Sample[];
}

const WIDTH = 960;
const LEFT = 56;
const RIGHT = 16;
const HOSTS = { top: 64, height: 190 };
const RATIO = { top: 302, height: 130 };
const INK = '#1f2933';
const FAINT = '#c8d0d8';
const HOSTS_INK = '#1d6fb8';
const RATIO_INK = '#c2410c';

interface Panel {
  readonly top: number;
  readonly height: number;
}

export function picture({ samples, minReplicas, maxReplicas, targetSaturation, startedAt }: RunRecord): string {
  const end = samples.at(-1)?.atSeconds ?? 1;
  const x = (seconds: number): number => LEFT + (seconds / end) * (WIDTH - LEFT - RIGHT);
  const y = ({ top, height }: Panel, share: number): number => top + height * (1 - Math.min(1, share));
  const most = maxReplicas * 1.1;
  const hosts = (count: number): number => y(HOSTS, count / most);
  const stairs = (read: (sample: Sample) => number, at: (value: number) => number): string =>
    samples
      .map(
        (sample, n) =>
          `${n === 0 ? 'M' : `H${x(sample.atSeconds).toFixed(1)}V`}${n === 0 ? `${x(0).toFixed(1)},` : ''}${at(read(sample)).toFixed(1)}`,
      )
      .join('');
  const level = (at: number, text: string): string =>
    `<line x1="${String(LEFT)}" x2="${String(WIDTH - RIGHT)}" y1="${at.toFixed(1)}" y2="${at.toFixed(1)}" stroke="${FAINT}" stroke-dasharray="4 3"/>` +
    `<text x="${String(LEFT - 6)}" y="${(at + 4).toFixed(1)}" text-anchor="end">${text}</text>`;
  const bottom = RATIO.top + RATIO.height;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${String(WIDTH)} ${String(bottom + 44)}" font-family="system-ui, sans-serif" font-size="12" fill="${INK}">
<rect width="100%" height="100%" fill="#ffffff"/>
${stepBands(samples, x, bottom)}
<text x="${String(LEFT)}" y="18" font-size="14">Actor hosts under a city's load · make test-k8s · ${startedAt.slice(0, 10)}</text>
${level(hosts(minReplicas), String(minReplicas))}${level(hosts(maxReplicas), String(maxReplicas))}${level(hosts(0), '0')}
<path d="${stairs(({ ready }) => ready, hosts)}" fill="none" stroke="${HOSTS_INK}" stroke-opacity="0.4" stroke-width="5"/>
<path d="${stairs(({ replicas }) => replicas, hosts)}" fill="none" stroke="${HOSTS_INK}" stroke-width="1.6"/>
<text x="${String(WIDTH - RIGHT - 6)}" y="${String(HOSTS.top + HOSTS.height - 8)}" text-anchor="end" fill="${HOSTS_INK}">hosts: asked for (thin), ready (wide)</text>
${level(y(RATIO, 1), '1')}${level(y(RATIO, targetSaturation), String(targetSaturation))}${level(y(RATIO, 0), '0')}
<path d="${stairs(
    ({ saturation }) => saturation,
    (value) => y(RATIO, value),
  )}" fill="none" stroke="${RATIO_INK}" stroke-width="1.6"/>
<text x="${String(LEFT + 6)}" y="${String(RATIO.top - 8)}" fill="${RATIO_INK}">matching_engine_saturation_ratio of the real host (target ${String(targetSaturation)})</text>
${minutes(end, x, bottom)}
</svg>
`;
}

/** Each step as a band with its name above the curves; names come last, over all bands, in two rows, for some bands are short. */
function stepBands(samples: readonly Sample[], x: (seconds: number) => number, bottom: number): string {
  const steps = [...Map.groupBy(samples, ({ step }) => step)];
  const bands = steps.map(([name, [first]], n) => {
    const from = x(first?.atSeconds ?? 0);
    const to = x(steps[n + 1]?.[1][0]?.atSeconds ?? samples.at(-1)?.atSeconds ?? 0);
    return { name, from, to, shade: n % 2 === 0 ? '#f4f6f8' : '#ffffff', row: 39 + (n % 2) * 14 };
  });
  const rectangles = bands.map(
    ({ from, to, shade }) =>
      `<rect x="${from.toFixed(1)}" y="26" width="${(to - from).toFixed(1)}" height="${String(bottom - 26)}" fill="${shade}"/>`,
  );
  const names = bands.map(({ name, from, to, row }, n) => {
    const isLast = n === bands.length - 1;
    const at = isLast ? `x="${(to - 2).toFixed(1)}" text-anchor="end"` : `x="${(from + 3).toFixed(1)}"`;
    return `<text ${at} y="${String(row)}" font-size="10.5">${name}</text>`;
  });
  return [...rectangles, ...names].join('\n');
}

function minutes(end: number, x: (seconds: number) => number, bottom: number): string {
  return Array.from({ length: Math.floor(end / 60) + 1 }, (_, n) => {
    const at = x(n * 60).toFixed(1);
    return `<line x1="${at}" x2="${at}" y1="${String(bottom)}" y2="${String(bottom + 5)}" stroke="${INK}"/><text x="${at}" y="${String(bottom + 20)}" text-anchor="middle">${String(n)} min</text>`;
  }).join('');
}

if (import.meta.main) {
  const [from = '', to = ''] = process.argv.slice(2);
  writeFileSync(to, picture(JSON.parse(readFileSync(from, 'utf8')) as RunRecord));
}

/** A flame graph, root at the bottom (Brendan Gregg's): width is weight, what stands on a bar was called by it. */
import type { Frame } from './fold.ts';

const WIDTH = 1200;
const ROW = 17;
const CHARACTER = 6.3;
/** Narrower bars say nothing. */
const MIN_WIDTH = 0.6;
const [OURS, LIBRARY, NODE, OTHER] = ['#e8590c', '#f59f00', '#94a3b8', '#4c8bc9'];

interface Bar {
  readonly frame: Frame;
  readonly x: number;
  readonly width: number;
  readonly depth: number;
}

/** @param unit what a weight is, for the tips */
export function flame(title: string, root: Frame, unit: string): string {
  const bars = [...barsOf(root, 0, 0, WIDTH / root.weight)];
  const rows = Math.max(...bars.map(({ depth }) => depth)) + 1;
  const height = rows * ROW + 40;
  const drawn = bars.map((bar) => draw(bar, height - 8 - (bar.depth + 1) * ROW, unit));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${String(WIDTH)} ${String(height)}" font-family="ui-monospace, monospace" font-size="10.5">
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="8" y="18" font-size="13" fill="#1f2933">${escaped(title)}</text>
${drawn.join('\n')}
</svg>
`;
}

function* barsOf(frame: Frame, x: number, depth: number, scale: number): Generator<Bar> {
  const width = frame.weight * scale;
  if (width < MIN_WIDTH) return;
  yield { frame, x, width, depth };
  let at = x;
  for (const child of [...frame.children.values()].sort((one, other) => other.weight - one.weight)) {
    yield* barsOf(child, at, depth + 1, scale);
    at += child.weight * scale;
  }
}

function draw({ frame: { name, weight }, x, width, depth }: Bar, y: number, unit: string): string {
  const room = Math.floor((width - 4) / CHARACTER);
  const text = name.length <= room ? name : room > 3 ? `${name.slice(0, room - 1)}…` : '';
  const tip = `${name}: ${weight.toFixed(3)} ${unit}`;
  return (
    `<g><title>${escaped(tip)}</title><rect x="${x.toFixed(1)}" y="${String(y)}" width="${width.toFixed(1)}" height="${String(ROW - 1)}" fill="${colourOf(name, depth)}" rx="1"/>` +
    `${text === '' ? '' : `<text x="${(x + 3).toFixed(1)}" y="${String(y + 12)}" fill="#111111">${escaped(text)}</text>`}</g>`
  );
}

/** Ours, a library's, Node.js's; whole processes and what is native. */
function colourOf(name: string, depth: number): string {
  if (depth < 2) return OTHER;
  if (/\.ts$/.test(name)) return OURS;
  return name.startsWith('node:') || !/^[@a-z][\w@/.-]*$/.test(name) ? NODE : LIBRARY;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

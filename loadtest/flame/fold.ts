/** A V8 CPU profile as a tree of places: a room's file of ours, a package, a part of Node.js. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
    readonly children?: readonly number[];
  }[];
  /** microseconds of the monotonic clock */
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface Frame {
  readonly name: string;
  /** with all above it; the unit is the caller's */
  weight: number;
  readonly children: Map<string, Frame>;
}

/** What runs no JavaScript, in words. */
const NATIVE: Readonly<Record<string, string>> = {
  '(garbage collector)': 'garbage collection',
  '(program)': 'native code and the event loop',
  writeUtf8String: 'socket writes',
  writeLatin1String: 'socket writes',
  writeBuffer: 'socket writes',
  writev: 'socket writes',
};
/** Says only that something goes on after an await. */
const PASSED_OVER = /^\(root\)$|^runMicrotasks$|^node:process/;

export function frame(name: string, weight = 0): Frame {
  return { name, weight, children: new Map() };
}

/** Busy samples between two moments (µs of the monotonic clock), each weighing its microseconds. */
export function fold(name: string, profile: CpuProfile, fromUs: number, untilUs: number, root: string): Frame {
  const top = frame(name);
  const parents = new Map(profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const places = new Map(profile.nodes.map(({ id, callFrame }) => [id, placeOf(callFrame, root)]));
  let atUs = profile.startTime;
  profile.samples.forEach((id, n) => {
    const us = profile.timeDeltas[n] ?? 0;
    atUs += us;
    const stack: string[] = [];
    for (let each: number | undefined = id; each !== undefined; each = parents.get(each)) {
      const place = places.get(each) ?? '';
      if (!PASSED_OVER.test(place) && place !== stack[0]) stack.unshift(place);
    }
    if (atUs < fromUs || atUs > untilUs || stack[0] === '(idle)') return;
    add(top, stack, us);
  });
  return top;
}

function add(top: Frame, stack: readonly string[], weight: number): void {
  let at = top;
  at.weight += weight;
  for (const name of stack) {
    const next = at.children.get(name) ?? frame(name);
    at.children.set(name, next);
    next.weight += weight;
    at = next;
  }
}

function placeOf({ functionName, url }: CpuProfile['nodes'][number]['callFrame'], root: string): string {
  const path = url.replace('file://', '');
  const library = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1];
  if (library !== undefined) return library;
  if (path.startsWith(root)) return path.slice(root.length + 1);
  if (path === '') return NATIVE[functionName] ?? functionName;
  return path.replace(/^node:(internal\/)?_?([a-z]+).*/, 'node:$2');
}

/** All weights times a factor. */
export function scaled({ name, weight, children }: Frame, factor: number): Frame {
  return {
    name,
    weight: weight * factor,
    children: new Map([...children].map(([key, child]) => [key, scaled(child, factor)])),
  };
}

/** By place, what is spent there itself and not in what it calls. */
export function ownWeights(top: Frame, sums = new Map<string, number>()): Map<string, number> {
  const above = [...top.children.values()].reduce((sum, { weight }) => sum + weight, 0);
  sums.set(top.name, (sums.get(top.name) ?? 0) + top.weight - above);
  for (const child of top.children.values()) ownWeights(child, sums);
  return sums;
}

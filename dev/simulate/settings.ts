import { readFileSync } from 'node:fs';

/** What recipients do with an offer, and people with a claim; weights, not percentages. */
export interface Odds {
  readonly accept: number;
  readonly part: number;
  readonly decline: number;
  readonly silent: number;
}

export interface Settings {
  readonly city: string;
  /** minutes of the evening that pass in a minute of ours */
  readonly speed: number;
  /** donors that take part */
  readonly donors: number;
  /** length of the evening, in its own minutes */
  readonly minutes: number;
  readonly seed: string;
  readonly odds: Odds;
  /** of claims: given back instead of collected */
  readonly releaseOdds: number;
  /** of handovers: less is handed over than was claimed */
  readonly lessOdds: number;
  /** of posts: cancelled by the donor a little later */
  readonly cancelOdds: number;
  /** how long the last claims may take to be collected, real seconds */
  readonly drainSeconds: number;
  readonly apiUrl: string;
  readonly issuerUrl: string;
}

const DEFAULTS = {
  CITY: 'helsinki',
  SPEED: '60',
  DONORS: '100',
  MINUTES: '240',
  SEED: '',
  ACCEPT: '62',
  PART: '12',
  DECLINE: '14',
  SILENT: '12',
  RELEASE: '5',
  LESS: '8',
  CANCEL: '2',
  DRAIN: '45',
  API_URL: '',
  JWT_ISSUER_URL: '',
} as const;
type Name = keyof typeof DEFAULTS;

export const USAGE = `make simulate [CITY=helsinki] [SPEED=60] [DONORS=100] [MINUTES=240] [SEED=any]
  what recipients do, by weight:  [ACCEPT=62] [PART=12] [DECLINE=14] [SILENT=12]
  of claims and posts, in percent: [RELEASE=5] [LESS=8] [CANCEL=2]   wait at the end: [DRAIN=45] seconds
The evening has MINUTES minutes; SPEED of them pass in one of ours.`;

/**
 * From flags (`--speed=30`) and the environment (`SPEED=30`); flags win.
 * @throws Error that says what is wrong and how to call it
 */
export function readSettings(args: readonly string[], env: NodeJS.ProcessEnv): Settings {
  const flags = new Map(args.map(parseFlag));
  for (const name of flags.keys())
    if (!(name in DEFAULTS)) throw new Error(`There is no --${name.toLowerCase()}.\n${USAGE}`);
  const text = (name: Name): string => flags.get(name) ?? (env[name] || DEFAULTS[name]);
  const number = (name: Name, least: number): number => {
    const value = Number(text(name));
    if (!(value >= least)) throw new Error(`${name} must be a number of at least ${String(least)}.\n${USAGE}`);
    return value;
  };
  const odds = {
    accept: number('ACCEPT', 0),
    part: number('PART', 0),
    decline: number('DECLINE', 0),
    silent: number('SILENT', 0),
  };
  if (Object.values(odds).every((weight) => weight === 0)) throw new Error(`Recipients must do something.\n${USAGE}`);
  return {
    city: text('CITY'),
    speed: number('SPEED', 0.1),
    donors: number('DONORS', 1),
    minutes: number('MINUTES', 1),
    seed: text('SEED') || String(Date.now()),
    odds,
    releaseOdds: number('RELEASE', 0) / 100,
    lessOdds: number('LESS', 0) / 100,
    cancelOdds: number('CANCEL', 0) / 100,
    drainSeconds: number('DRAIN', 0),
    apiUrl: text('API_URL') || portUrl('api', 8080),
    issuerUrl: text('JWT_ISSUER_URL') || portUrl('issuer', 27150),
  };
}

function parseFlag(arg: string): [string, string] {
  const match = /^--([a-z-]+)=(.*)$/.exec(arg);
  if (match?.[1] === undefined || match[2] === undefined) throw new Error(`Not understood: ${arg}\n${USAGE}`);
  return [match[1].toUpperCase().replaceAll('-', '_'), match[2]];
}

/** Where `make run` starts things. */
export function portUrl(name: string, otherwise: number): string {
  let port = otherwise;
  try {
    const ports = JSON.parse(readFileSync(new URL('../ports.json', import.meta.url), 'utf8')) as Record<string, number>;
    port = ports[name] ?? otherwise;
  } catch {
    // a checkout without the stack: the default
  }
  return `http://127.0.0.1:${String(port)}`;
}

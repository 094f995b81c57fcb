/** Which fault comes when: drawn from the seed alone, so that the same seed hurts in the same places. */
import { createDice } from '../../dev/simulate/random.ts';
import { DISKS } from './disks.ts';
import { SERVERS } from './wires.ts';

export type FaultKind =
  | 'kill'
  | 'kill-tree'
  | 'pause'
  | 'flush'
  | 'delete-stream'
  /** of a wire: slow, silent (nothing arrives, nobody is told), cut (refused) */
  | 'slow'
  | 'silence'
  | 'cut'
  | 'fill-disk'
  /** everything dies at once, servers and sidecars too */
  | 'power-cut'
  /** PostgreSQL ends every session of ours */
  | 'end-sessions'
  /** somebody holds a table of PostgreSQL for himself, as a careless `alter table` does */
  | 'lock-table'
  /** Redis has no room: it refuses every write, and answers reads */
  | 'fill-redis'
  /** every consumer of JetStream is gone, and what it had acknowledged forgotten */
  | 'delete-consumers'
  /** a wall clock jumps, and back when the fault is over */
  | 'clock';

export interface Fault {
  /** ms after the load began */
  readonly atMs: number;
  readonly kind: FaultKind;
  /** processes, wires, disks or tables it hits, at once */
  readonly targets: readonly string[];
  /** 0: over at once */
  readonly forMs: number;
  /** ms: the latency of a slow wire, the jump of a clock */
  readonly byMs?: number;
}

const FIRST_MS = 4_000;
const SHORTEST_GAP_MS = 3_000;
const LONGEST_GAP_MS = 12_000;
const SHORTEST_MS = 1_000;
const LONGEST_MS = 8_000;
const MOST_LATENCY_MS = 400;
const HOUR_MS = 3_600_000;
/** Shares of all; the rest are pauses. */
const SHARES: readonly (readonly [FaultKind, number])[] = [
  ['flush', 0.04],
  ['fill-redis', 0.04],
  ['delete-stream', 0.04],
  ['delete-consumers', 0.03],
  ['end-sessions', 0.04],
  ['lock-table', 0.04],
  ['slow', 0.05],
  ['silence', 0.06],
  ['cut', 0.06],
  ['fill-disk', 0.05],
  ['clock', 0.06],
  ['power-cut', 0.02],
  ['kill', 0.27],
];
/** What a turn writes, and what the relay reads. */
export const TABLES = ['lot', 'cell', 'outbox', 'command'] as const;
/** Our own processes: they read their wall clocks through libfaketime, and have wires of their own. */
const OURS = /^(api|actor-host|relay|worker)(-\d+)?$/;
/** Those that call cells, through sidecars of their own. */
export const CALLS_CELLS = /^(api|worker)(-\d+)?$/;

type Drawn = Omit<Fault, 'atMs'>;

/** @param processes what runs, sidecars included */
export function drawSchedule(seed: string, durationMs: number, processes: readonly string[]): Fault[] {
  const dice = createDice(`${seed}|faults`);
  const faults: Fault[] = [];
  for (let atMs = FIRST_MS, n = 0; atMs < durationMs; n++) {
    faults.push({ atMs: Math.round(atMs), ...drawFault((about) => dice(about, n), processes) });
    atMs += SHORTEST_GAP_MS + dice('gap', n) * (LONGEST_GAP_MS - SHORTEST_GAP_MS);
  }
  return faults;
}

function drawFault(roll: (about: string) => number, processes: readonly string[]): Drawn {
  const kind = kindOf(roll('kind'));
  const one = (names: readonly string[]): string => names[Math.floor(roll('target') * names.length)] ?? '';
  const ours = processes.filter((name) => OURS.test(name));
  const forMs = Math.round(SHORTEST_MS + roll('for') * (LONGEST_MS - SHORTEST_MS));
  switch (kind) {
    case 'flush':
      return { kind, targets: ['redis'], forMs: 0 };
    case 'fill-redis':
      return { kind, targets: ['redis'], forMs };
    case 'delete-stream':
    case 'delete-consumers':
      return { kind, targets: ['nats'], forMs: 0 };
    case 'power-cut':
      return { kind, targets: processes, forMs: 0 };
    case 'end-sessions':
      return { kind, targets: ['postgres'], forMs: 0 };
    case 'lock-table':
      return { kind, targets: [one(TABLES)], forMs };
    case 'slow':
      return { kind, targets: [oneWire()], forMs, byMs: Math.round(20 + roll('by') * (MOST_LATENCY_MS - 20)) };
    case 'silence':
    case 'cut':
      return { kind, targets: [oneWire()], forMs };
    case 'fill-disk':
      return { kind, targets: [one(DISKS)], forMs };
    case 'clock':
      return {
        kind,
        targets: [one(ours)],
        forMs: forMs + LONGEST_MS,
        byMs: roll('by') < 0.5 ? HOUR_MS : -HOUR_MS,
      };
    case 'kill': {
      const target = one(processes);
      return { kind: target === 'postgres' ? 'kill-tree' : kind, targets: withSidecar(target), forMs: 0 };
    }
    default:
      return { kind: 'pause', targets: withSidecar(one(processes)), forMs };
  }

  /** Everybody's, or half of the time one process's: then now and then the one to its own sidecar. */
  function oneWire(): string {
    const server = one(SERVERS);
    const whose = ours[Math.floor(roll('whose') * 2 * ours.length)];
    if (whose !== undefined && CALLS_CELLS.test(whose) && roll('sidecar') < 0.4) return `${whose}>daprd`;
    return whose === undefined ? server : `${whose}>${server}`;
  }

  /** A whole pod half of the time: the process and the sidecar beside it. */
  function withSidecar(name: string): string[] {
    const sidecar = `${name}.daprd`;
    return processes.includes(sidecar) && roll('pod') < 0.5 ? [name, sidecar] : [name];
  }
}

function kindOf(roll: number): FaultKind {
  let upTo = 0;
  for (const [kind, share] of SHARES) if (roll < (upTo += share)) return kind;
  return 'pause';
}

export function faultText({ kind, targets, forMs, byMs, atMs }: Fault): string {
  const when = `+${(atMs / 1000).toFixed(1)} s`.padStart(9);
  const by = byMs === undefined ? '' : kind === 'clock' ? ` by ${String(byMs / HOUR_MS)} h` : ` by ${String(byMs)} ms`;
  const what = kind === 'power-cut' ? '' : targets.join(' + ');
  return `${when}  ${kind} ${what}${by}${forMs > 0 ? ` for ${(forMs / 1000).toFixed(1)} s` : ''}`;
}

/** Which fault comes when: drawn from the seed alone, so that the same seed hurts in the same places. */
import { createDice } from '../../dev/simulate/random.ts';

export type FaultKind = 'kill' | 'kill-tree' | 'pause' | 'flush' | 'delete-stream';

export interface Fault {
  /** ms after the load began */
  readonly atMs: number;
  readonly kind: FaultKind;
  /** processes it hits, at once */
  readonly targets: readonly string[];
  /** of a pause */
  readonly forMs: number;
}

const FIRST_MS = 4_000;
const SHORTEST_GAP_MS = 3_000;
const LONGEST_GAP_MS = 12_000;
const SHORTEST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 8_000;

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

function drawFault(roll: (about: string) => number, processes: readonly string[]): Omit<Fault, 'atMs'> {
  const kind = roll('kind');
  if (kind < 0.06) return { kind: 'flush', targets: ['redis'], forMs: 0 };
  if (kind < 0.12) return { kind: 'delete-stream', targets: ['nats'], forMs: 0 };
  const target = processes[Math.floor(roll('target') * processes.length)] ?? 'redis';
  const forMs = Math.round(SHORTEST_PAUSE_MS + roll('for') * (LONGEST_PAUSE_MS - SHORTEST_PAUSE_MS));
  if (kind < 0.56)
    return { kind: target === 'postgres' ? 'kill-tree' : 'kill', targets: withSidecar(target), forMs: 0 };
  return { kind: 'pause', targets: withSidecar(target), forMs };

  /** A whole pod half of the time: the process and the sidecar beside it. */
  function withSidecar(name: string): string[] {
    const sidecar = `${name}.daprd`;
    return processes.includes(sidecar) && roll('pod') < 0.5 ? [name, sidecar] : [name];
  }
}

export function faultText({ kind, targets, forMs, atMs }: Fault): string {
  const when = `+${(atMs / 1000).toFixed(1)} s`.padStart(9);
  return `${when}  ${kind} ${targets.join(' + ')}${forMs > 0 ? ` for ${(forMs / 1000).toFixed(1)} s` : ''}`;
}

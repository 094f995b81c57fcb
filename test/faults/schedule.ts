/** Which fault comes when: drawn from the seed alone, so that the same seed hurts in the same places. */
import { createDice } from '../../dev/simulate/random.ts';
import { DISKS } from './disks.ts';
import { SERVERS } from './wires.ts';

export type FaultKind =
  | 'kill'
  | 'kill-tree'
  /** told to end, as a rollout or a drained node tells it: SIGTERM, and PostgreSQL its fast shutdown */
  | 'stop'
  /** a server is told to end, and is not there for a while: whoever begins meanwhile begins without it */
  | 'gone'
  /** a server dies and its disk with it: another one begins with nothing. Not PostgreSQL's: what is answered is only there */
  | 'lose-disk'
  /** NATS dies, and of what it had acknowledged the last seconds were not on its disk */
  | 'lose-tail'
  /** others want the whole box: many busy loops beside everybody */
  | 'crowd-out'
  /** a signal that means something else to each: a sidecar begins anew in the same process, a server reads its settings, ours end */
  | 'hang-up'
  | 'pause'
  /** a tenth of its time, in slices of 100 ms: a container at its CPU limit */
  | 'throttle'
  /** no file or connection more than it has open */
  | 'no-files'
  | 'flush'
  /** a third of Redis's keys, as an eviction takes them: what vouches for the rest may stay */
  | 'evict'
  | 'delete-stream'
  /** the stream is there, its messages are gone */
  | 'purge-stream'
  /** of a wire: late, silent (nothing arrives, nobody is told), cut (refused) */
  | 'slow'
  | 'silence'
  | 'cut'
  /** what is asked arrives and is done, and no answer comes back */
  | 'deafen'
  /** some KB a second */
  | 'trickle'
  /** every connection ends after some bytes, in the middle of whatever it carries */
  | 'truncate'
  /** what is sent arrives a few bytes at a time */
  | 'slice'
  /** connections end, and every new one is reset a while after something was sent over it, which is lost */
  | 'reset'
  /** what is connected is forgotten by the network: nothing of it arrives any more, and nobody is ever told; who connects anew gets through */
  | 'forget'
  /** one packet of ten is lost */
  | 'lossy'
  | 'fill-disk'
  /** everything dies at once, servers and sidecars too */
  | 'power-cut'
  /** PostgreSQL ends every session of ours */
  | 'end-sessions'
  /** PostgreSQL ends them and lets nobody of ours in: too many connections */
  | 'no-sessions'
  /** a session of PostgreSQL stops in what it does, and its locks stay */
  | 'freeze-session'
  /** one is killed -9, as for want of memory: PostgreSQL ends all others and recovers */
  | 'kill-session'
  /** PostgreSQL answers, and refuses every write: a standby that was not promoted, a guard of the disk */
  | 'read-only'
  /** PostgreSQL waits at every commit for a standby that is not there: what is written stays unseen, and its locks stay */
  | 'no-standby'
  /** somebody ends a third of what PostgreSQL is doing for us just then, again and again */
  | 'cancel-queries'
  /** somebody holds rows that turns want, one after the other in no order: who waits for whom may close to a ring */
  | 'lock-rows'
  /** somebody holds a table of PostgreSQL for himself, as a careless `alter table` does */
  | 'lock-table'
  /** Redis has no room: it refuses every write, and answers reads */
  | 'fill-redis'
  /** Redis is the replica of a server that is not there: it refuses every write, and answers reads */
  | 'demote-redis'
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
  /** ms: the latency of a slow wire, after which one is reset, the jump of a clock; KB a second of a trickling one; bytes after which one ends, or of a piece */
  readonly by?: number;
}

const FIRST_MS = 4_000;
const SHORTEST_GAP_MS = 3_000;
const LONGEST_GAP_MS = 12_000;
const SHORTEST_MS = 1_000;
const LONGEST_MS = 8_000;
/** One pause in twelve is so much longer: nobody waits for it, leases end, others take over. */
const LONG_PAUSE_TIMES = 6;
const LONG_PAUSE_SHARE = 1 / 12;
const GONE_TIMES = 5;
const MOST_LATENCY_MS = 400;
const MOST_KILOBYTES_A_SECOND = 64;
const MOST_BYTES = 50_000;
const MOST_BYTES_OF_A_PIECE = 256;
const LATEST_RESET_MS = 1_000;
const HOUR_MS = 3_600_000;
/** The cards of a deck: some five minutes of faults hold every kind, and an hour each as often as its share of them. */
const DECK: readonly (readonly [FaultKind, number])[] = [
  ['flush', 1],
  ['evict', 1],
  ['fill-redis', 1],
  ['demote-redis', 1],
  ['delete-stream', 1],
  ['purge-stream', 1],
  ['delete-consumers', 1],
  ['end-sessions', 1],
  ['no-sessions', 1],
  ['freeze-session', 1],
  ['kill-session', 1],
  ['read-only', 1],
  ['no-standby', 1],
  ['cancel-queries', 1],
  ['lock-rows', 1],
  ['lock-table', 1],
  ['slow', 1],
  ['silence', 1],
  ['deafen', 1],
  ['cut', 2],
  ['trickle', 1],
  ['truncate', 1],
  ['slice', 1],
  ['reset', 1],
  ['forget', 1],
  ['lossy', 1],
  ['fill-disk', 4],
  ['clock', 2],
  ['power-cut', 1],
  ['stop', 2],
  ['gone', 1],
  ['lose-disk', 1],
  ['lose-tail', 1],
  ['crowd-out', 1],
  ['hang-up', 1],
  ['throttle', 1],
  ['no-files', 1],
  ['kill', 5],
  ['pause', 4],
];
/** What a turn writes, and what the relay reads. */
export const TABLES = ['lot', 'cell', 'outbox', 'command'] as const;
/** Servers that may lose all they have. */
export const LOSES_DISK = ['redis', 'nats', 'scheduler'] as const;
/** Our own processes: they have wires of their own. */
const OURS = /^(api|actor-host|relay|worker)(-\d+)?$/;
/** Those that call cells, through sidecars of their own. */
export const CALLS_CELLS = /^(api|worker)(-\d+)?$/;
/** Those that cells live in, called by sidecars of their own. */
export const HAS_CELLS = /^actor-host(-\d+)?$/;
/** After a sidecar's name: what others say to it. */
export const PEERS = '<peers';
/** What may hurt a wire of Dapr's own: of the ways between processes and servers there are more. */
const DAPR_SHARE = 0.25;
/** Only packets can be lost on all of them. */
const PACKETS_DAPR_SHARE = 0.5;

/** How often all processes of a kind are hit at once. */
const ALL_SHARE = 1 / 8;

type Drawn = Omit<Fault, 'atMs'>;

/** What can be drawn: a process of PostgreSQL is killed with all its own, which is no kind of its own. */
export const DRAWN: readonly FaultKind[] = DECK.map(([kind]) => kind);

/**
 * @param processes what runs, sidecars included
 * @param kinds which may come, in the proportion in which they come among all
 */
export function drawSchedule(
  seed: string,
  durationMs: number,
  processes: readonly string[],
  kinds: readonly FaultKind[] = DRAWN,
): Fault[] {
  const cards = DECK.filter(([kind]) => kinds.includes(kind)).flatMap(([kind, times]) =>
    Array<FaultKind>(times).fill(kind),
  );
  const dice = createDice(`${seed}|faults`);
  const shuffled = (deck: number): FaultKind[] =>
    cards
      .map((kind, card) => ({ kind, roll: dice('card', deck, card) }))
      .sort((a, b) => a.roll - b.roll)
      .map(({ kind }) => kind);
  const faults: Fault[] = [];
  let left: FaultKind[] = [];
  for (let atMs = FIRST_MS, n = 0; atMs < durationMs; n++) {
    if (left.length === 0) left = shuffled(n);
    const kind = left.pop() ?? 'kill';
    faults.push({ atMs: Math.round(atMs), ...drawFault(kind, (about) => dice(about, n), processes) });
    atMs += SHORTEST_GAP_MS + dice('gap', n) * (LONGEST_GAP_MS - SHORTEST_GAP_MS);
  }
  return faults;
}

function drawFault(kind: FaultKind, roll: (about: string) => number, processes: readonly string[]): Drawn {
  const one = (names: readonly string[]): string => names[Math.floor(roll('target') * names.length)] ?? '';
  const ours = processes.filter((name) => OURS.test(name));
  const forMs = Math.round(SHORTEST_MS + roll('for') * (LONGEST_MS - SHORTEST_MS));
  switch (kind) {
    case 'flush':
    case 'evict':
      return { kind, targets: ['redis'], forMs: 0 };
    case 'fill-redis':
    case 'demote-redis':
      return { kind, targets: ['redis'], forMs };
    case 'delete-stream':
    case 'purge-stream':
    case 'delete-consumers':
      return { kind, targets: ['nats'], forMs: 0 };
    case 'power-cut':
      return { kind, targets: processes, forMs: 0 };
    case 'crowd-out':
      return { kind, targets: processes, forMs };
    case 'lose-disk':
      return { kind, targets: [one(LOSES_DISK)], forMs: 0 };
    case 'lose-tail':
      return { kind, targets: ['nats'], forMs };
    case 'end-sessions':
    case 'kill-session':
      return { kind, targets: ['postgres'], forMs: 0 };
    case 'freeze-session':
      // longer than a token is left alone for want of an offer
      return { kind, targets: ['postgres'], forMs: 2 * forMs };
    case 'no-sessions':
    case 'read-only':
    case 'no-standby':
    case 'cancel-queries':
    case 'lock-rows':
      return { kind, targets: ['postgres'], forMs };
    case 'lock-table':
      return { kind, targets: [one(TABLES)], forMs };
    case 'slow':
      return { kind, targets: [oneWire()], forMs, by: between(20, MOST_LATENCY_MS) };
    case 'trickle':
      return { kind, targets: [oneWire()], forMs, by: between(1, MOST_KILOBYTES_A_SECOND) };
    case 'truncate':
      return { kind, targets: [oneWire()], forMs, by: between(100, MOST_BYTES) };
    case 'slice':
      return { kind, targets: [oneWire()], forMs, by: between(1, MOST_BYTES_OF_A_PIECE) };
    case 'reset':
      return { kind, targets: [oneWire()], forMs, by: between(0, LATEST_RESET_MS) };
    case 'silence':
    case 'cut':
    case 'deafen':
      return { kind, targets: [oneWire()], forMs };
    case 'lossy':
      return { kind, targets: [oneWire([...daprWires(), ...peerWires()], PACKETS_DAPR_SHARE)], forMs };
    case 'forget':
      // a sidecar that placement has lost so believes for two hours that it has not; pods' connections are kept alive (ADR 0012)
      return {
        kind,
        targets: [
          oneWire([...daprWires().filter((wire) => !wire.endsWith('>placement')), ...peerWires()], PACKETS_DAPR_SHARE),
        ],
        forMs: 0,
      };
    case 'fill-disk':
      return { kind, targets: [one(DISKS)], forMs };
    case 'clock':
      return {
        kind,
        // those that read their wall clocks through libfaketime: ours, and the one by which all is decided
        targets: oneOrItsKind(processes.filter((name) => name === 'postgres' || OURS.test(name))),
        forMs: forMs + LONGEST_MS,
        by: roll('by') < 0.5 ? HOUR_MS : -HOUR_MS,
      };
    case 'kill': {
      const targets = oneOrItsKind();
      return { kind: targets.includes('postgres') ? 'kill-tree' : kind, targets, forMs: 0 };
    }
    case 'stop':
      return { kind, targets: oneOrItsKind(), forMs: 0 };
    case 'gone':
      return {
        kind,
        targets: [one(processes.filter((name) => !OURS.test(name) && !name.endsWith('.daprd')))],
        forMs: GONE_TIMES * forMs,
      };
    case 'hang-up':
      return { kind, targets: [one(processes)], forMs: 0 };
    case 'no-files':
      return { kind, targets: [one(processes.filter((name) => name !== 'postgres'))], forMs };
    case 'pause': {
      const times = roll('long') < LONG_PAUSE_SHARE ? LONG_PAUSE_TIMES : 1;
      return { kind, targets: oneOrItsKind(), forMs: times * forMs };
    }
    default:
      return { kind, targets: oneOrItsKind(), forMs };
  }

  function between(least: number, most: number): number {
    return Math.round(least + roll('by') * (most - least));
  }

  /** Everybody's, or half of the time one process's; now and then one that Dapr's own parts speak over. */
  function oneWire(ofDapr = daprWires(), share = DAPR_SHARE): string {
    if (roll('dapr') < share) return one(ofDapr);
    const server = one(SERVERS);
    const whose = ours[Math.floor(roll('whose') * 2 * ours.length)];
    return whose === undefined ? server : `${whose}>${server}`;
  }

  /** From who calls cells to its sidecar, from each sidecar to placement, from that of cells to their host. */
  function daprWires(): string[] {
    const sidecars = processes.filter((name) => name.endsWith('.daprd'));
    return [
      ...ours.flatMap((name) => (CALLS_CELLS.test(name) ? [`${name}>daprd`] : [])),
      ...ours.flatMap((name) => (HAS_CELLS.test(name) ? [`${name}.daprd>app`] : [])),
      ...sidecars.map((name) => `${name}>placement`),
    ];
  }

  /** From all sidecars to that of a host: calls to cells go over it, and no proxy stands in it. */
  function peerWires(): string[] {
    return processes.filter((name) => HAS_CELLS.test(name)).map((name) => `${name}.daprd${PEERS}`);
  }

  /** Now and then all of its kind at once, as a release that is no good; whole pods half of the time: a process and the sidecar beside it. */
  function oneOrItsKind(of = processes): string[] {
    const drawn = one(of);
    const names = roll('all') < ALL_SHARE ? of.filter((name) => kindOf(name) === kindOf(drawn)) : [drawn];
    return names.flatMap((name) => {
      const sidecar = `${name}.daprd`;
      return of.includes(sidecar) && roll('pod') < 0.5 ? [name, sidecar] : [name];
    });
  }
}

/** `actor-host-2.daprd` is an `actor-host.daprd`. */
function kindOf(name: string): string {
  return name.replace(/-\d+(?=\.|$)/, '');
}

function unitOf(kind: FaultKind): string {
  return { clock: 'h', trickle: 'KB/s', truncate: 'bytes', slice: 'bytes' }[kind as string] ?? 'ms';
}

export function faultText({ kind, targets, forMs, by: much, atMs }: Fault): string {
  const when = `+${(atMs / 1000).toFixed(1)} s`.padStart(9);
  const by = much === undefined ? '' : ` by ${String(kind === 'clock' ? much / HOUR_MS : much)} ${unitOf(kind)}`;
  const what = kind === 'power-cut' || kind === 'crowd-out' ? '' : targets.join(' + ');
  return `${when}  ${kind} ${what}${by}${forMs > 0 ? ` for ${(forMs / 1000).toFixed(1)} s` : ''}`;
}

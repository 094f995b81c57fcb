/** After a fault the platform answers again: how long a change may wait for its answer. */
import { PATIENCE_MS } from './client.ts';
import type { Injected } from './inject.ts';
import type { Breach } from './breach.ts';
import type { Operation } from './operations.ts';
import { PEERS, type Fault, type FaultKind } from './schedule.ts';

export const AVAILABILITY_LAW = 'an answer comes within 5 s of the fault';

const WITHIN_MS = 5_000;
/**
 * PostgreSQL that died of a full disk is started again with a growing pause, and recovers; NATS waits for its probe. After a power
 * cut all of it starts on this one machine, and cells find their hosts anew.
 */
const LONG_WITHIN_MS = 15_000;
const LONG = new Set<FaultKind>(['fill-disk', 'power-cut']);
/** A sidecar that the network has cut off from another's finds out 5 s after it next sends (TCP_USER_TIMEOUT of daprd's gRPC), and connects anew: 5.7 s (ADR 0012). */
const PEERS_WITHIN_MS = 8_000;
/** Nobody who posts or answers waits for these. */
const OFF_THE_WAY = /^(relay|worker|nats|scheduler|valhalla|logs)|>nats$/;

/** A change must be answered within 5 s of its asking; a fault on its way that begins before then gives it 5 s from the fault's end. */
export function unavailable(operations: readonly Operation[], injected: readonly Injected[]): Breach[] {
  const faults = injected
    .filter(({ fault, failure }) => failure === '' && !fault.targets.every((each) => OFF_THE_WAY.test(each)))
    .sort((a, b) => a.fromMs - b.fromMs);
  return operations.flatMap((operation) => {
    const endedMs = endOf(operation);
    if (operation.kind === 'read' || endedMs === null) return [];
    let dueMs = operation.invokedAtMs + WITHIN_MS;
    const during: Injected[] = [];
    for (const each of faults) {
      const clearMs = each.untilMs + graceMs(each.fault);
      if (each.fromMs > dueMs || clearMs <= dueMs) continue;
      dueMs = clearMs;
      during.push(each);
    }
    if (endedMs <= dueMs) return [];
    const what = `${operation.kind} ${operation.key} ${operation.outcome === 'unknown' ? 'had no answer' : 'was answered'} ${String(endedMs - dueMs)} ms too late`;
    return [{ law: AVAILABILITY_LAW, what, evidence: [operation, ...during] }];
  });
}

function graceMs({ kind, targets }: Fault): number {
  if (LONG.has(kind)) return LONG_WITHIN_MS;
  return kind === 'forget' && targets.some((each) => each.endsWith(PEERS)) ? PEERS_WITHIN_MS : WITHIN_MS;
}

export const TURNED_AWAY_LAW = 'nobody is turned away for a clock that has jumped';
/** After PostgreSQL's clock is right again, an api may believe the wrong time for so long. */
const BELIEVED_MS = 12_000;

/** Tokens are good by PostgreSQL's clock or the api's own; where both are off at the same time, nobody could know. */
export function turnedAway(operations: readonly Operation[], injected: readonly Injected[]): Breach[] {
  const jumps = injected.filter(({ fault, failure }) => fault.kind === 'clock' && failure === '');
  const ofPostgres = jumps.filter(({ fault }) => fault.targets.includes('postgres'));
  const others = jumps.filter((each) => !ofPostgres.includes(each));
  const hopeless = ofPostgres.flatMap((one) =>
    others.map((other) => ({
      fromMs: Math.max(one.fromMs, other.fromMs),
      untilMs: Math.min(one.untilMs, other.untilMs) + BELIEVED_MS,
    })),
  );
  return operations
    .filter(({ timesTurnedAway, invokedAtMs, endedAtMs, patienceMs }) => {
      const endMs = endedAtMs ?? invokedAtMs + patienceMs;
      return timesTurnedAway > 0 && !hopeless.some(({ fromMs, untilMs }) => invokedAtMs <= untilMs && endMs >= fromMs);
    })
    .map((operation) => {
      const what = `${operation.kind} ${operation.key} was told 401 ${String(operation.timesTurnedAway)} times`;
      return { law: TURNED_AWAY_LAW, what, evidence: [operation] };
    });
}

/** null: it hung up by itself, which says nothing of the system */
function endOf({ endedAtMs, invokedAtMs, patienceMs }: Operation): number | null {
  return endedAtMs ?? (patienceMs < PATIENCE_MS ? null : invokedAtMs + patienceMs);
}

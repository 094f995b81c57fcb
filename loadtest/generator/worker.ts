/**
 * The load, in a thread of its own. In the open model a request's latency runs from when it was due, not from when a
 * connection was free for it: a slow answer can't hide the requests that waited behind it.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { openConnection, type Connection, type HttpAnswer } from './connection.ts';
import type { Plan, Seen } from './plan.ts';

/** How long after the end what is due may still be sent, and answers are awaited. */
const GRACE_MS = 5_000;

interface Flight {
  readonly dueMs: number;
  readonly sentMs: number;
}

interface Run {
  readonly plan: Plan;
  readonly startMs: number;
  readonly idle: Connection[];
  readonly flights: Map<Connection, Flight>;
  readonly statuses: Record<string, number>;
  readonly retryAfterSeconds: Record<number, number>;
  readonly latenciesMs: number[];
  /** the next request's number */
  next: number;
  found: number;
  doneInTime: number;
  timedOut: number;
  closing: boolean;
}

function sinceStartMs(run: Run): number {
  return performance.now() - run.startMs;
}

/** Sends what is due, as far as connections are free. */
function sendDue(run: Run): void {
  const { plan, idle } = run;
  const nowMs = sinceStartMs(run);
  for (;;) {
    const dueMs = plan.arrivalsMs === null ? nowMs : (plan.arrivalsMs[run.next] ?? Number.POSITIVE_INFINITY);
    const isOver = plan.arrivalsMs === null ? nowMs >= plan.durationMs : nowMs >= plan.durationMs + GRACE_MS;
    if (isOver || dueMs > nowMs) return;
    const connection = idle.pop();
    if (connection === undefined) return;
    const target = plan.targets[run.next % plan.targets.length];
    if (target === undefined) throw new Error('a plan without targets');
    connection.send(`${target.head}idempotency-key: ${plan.keyPrefix}-${String(run.next)}\r\n\r\n${target.body}`);
    run.flights.set(connection, { dueMs, sentMs: nowMs });
    run.next++;
  }
}

function count<Key extends string | number>(counts: Record<Key, number>, key: Key): void {
  counts[key] = (counts[key] ?? 0) + 1;
}

function answered(run: Run, connection: Connection, { status, body, retryAfterSeconds }: HttpAnswer): void {
  const nowMs = sinceStartMs(run);
  const flight = run.flights.get(connection);
  if (flight === undefined) return;
  run.flights.delete(connection);
  const isDone = status >= 200 && status < 300;
  if (isDone) run.latenciesMs.push(nowMs - flight.dueMs);
  count(run.statuses, String(status));
  if (status === 429 || status === 503) count(run.retryAfterSeconds, retryAfterSeconds);
  if (isDone && nowMs <= run.plan.durationMs) run.doneInTime++;
  if (run.plan.lookFor !== '' && body.includes(run.plan.lookFor)) run.found++;
  // At saturation a client is one person: refused, it comes back when it was told to.
  if (run.plan.arrivalsMs === null && retryAfterSeconds > 0)
    setTimeout(() => free(run, connection), retryAfterSeconds * 1000);
  else free(run, connection);
}

function free(run: Run, connection: Connection): void {
  run.idle.push(connection);
  sendDue(run);
}

function lost(run: Run, connection: Connection): void {
  if (run.flights.delete(connection)) count(run.statuses, 'broken');
  const at = run.idle.indexOf(connection);
  if (at >= 0) run.idle.splice(at, 1);
  if (!run.closing) open(run);
}

function open(run: Run): void {
  openConnection(run.plan.port, {
    ready: (connection) => {
      run.idle.push(connection);
      sendDue(run);
    },
    answered: (connection, answer) => answered(run, connection, answer),
    lost: (connection) => lost(run, connection),
  });
}

function giveUpLate(run: Run): void {
  const nowMs = sinceStartMs(run);
  for (const [connection, flight] of run.flights) {
    if (nowMs - flight.sentMs < run.plan.timeoutMs) continue;
    run.flights.delete(connection);
    run.timedOut++;
    run.latenciesMs.push(nowMs - flight.dueMs);
    connection.close();
  }
}

function isDone(run: Run): boolean {
  const { plan } = run;
  const nowMs = sinceStartMs(run);
  if (nowMs < plan.durationMs) return false;
  const isAllSent = plan.arrivalsMs === null || run.next >= plan.arrivalsMs.length;
  return run.flights.size === 0 && (isAllSent || nowMs >= plan.durationMs + GRACE_MS);
}

function seenBy(run: Run, cpu: NodeJS.CpuUsage): Seen {
  const latenciesMs = Float64Array.from(run.latenciesMs).sort();
  return {
    sent: run.next,
    dropped: run.plan.arrivalsMs === null ? 0 : run.plan.arrivalsMs.length - run.next,
    timedOut: run.timedOut,
    statuses: run.statuses,
    retryAfterSeconds: run.retryAfterSeconds,
    found: run.found,
    doneInTime: run.doneInTime,
    latenciesMs,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    tookMs: sinceStartMs(run),
  };
}

function start(plan: Plan): void {
  const before = process.threadCpuUsage();
  const run: Run = {
    plan,
    startMs: performance.now(),
    idle: [],
    flights: new Map(),
    statuses: {},
    retryAfterSeconds: {},
    latenciesMs: [],
    next: 0,
    found: 0,
    doneInTime: 0,
    timedOut: 0,
    closing: false,
  };
  for (let i = 0; i < plan.connections; i++) open(run);
  let ticks = 0;
  const clock = setInterval(() => {
    sendDue(run);
    if (ticks++ % 100 === 0) giveUpLate(run);
    if (!isDone(run)) return;
    clearInterval(clock);
    run.closing = true;
    for (const connection of run.idle) connection.close();
    const seen = seenBy(run, process.threadCpuUsage(before));
    parentPort?.postMessage(seen, [seen.latenciesMs.buffer as ArrayBuffer]);
  }, 1);
}

start(workerData as Plan);

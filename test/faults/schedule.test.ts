import assert from 'node:assert/strict';
import { it } from 'node:test';
import { DISKS } from './disks.ts';
import { DRAWN, drawSchedule, LOSES_DISK, PEERS, TABLES, type FaultKind } from './schedule.ts';
import { SERVERS } from './wires.ts';

const LONGEST_MS: Partial<Record<FaultKind, number>> = {
  clock: 16_000,
  'freeze-session': 16_000,
  gone: 40_000,
  pause: 48_000,
};
const PROCESSES = [
  'postgres',
  'redis',
  'nats',
  'actor-host',
  'actor-host-2',
  'actor-host.daprd',
  'actor-host-2.daprd',
  'relay',
  'api',
];
const HOSTS = ['actor-host', 'actor-host-2'];
const DAPRS = ['api>daprd', ...HOSTS.flatMap((host) => [`${host}.daprd>app`, `${host}.daprd>placement`])];
const PEERS_OF_HOSTS = HOSTS.map((host) => `${host}.daprd${PEERS}`);

it('the same seed draws the same faults, another one others', () => {
  const drawn = drawSchedule('7', 600_000, PROCESSES);
  assert.deepEqual(drawSchedule('7', 600_000, PROCESSES), drawn);
  assert.notDeepEqual(drawSchedule('8', 600_000, PROCESSES), drawn);
});

it('in ten hours each server is slow, silent, without answers and cut, for all and for one; each disk filled, clocks jump both ways', () => {
  const drawn = drawSchedule('3', 10 * 3_600_000, PROCESSES);
  const hits = (kind: FaultKind): Set<string> =>
    new Set(drawn.filter((fault) => fault.kind === kind).map(({ targets }) => targets.join()));
  for (const kind of ['slow', 'silence', 'deafen', 'cut'] as const) {
    const wires = [...hits(kind)];
    assert.deepEqual(wires.filter((wire) => !wire.includes('>')).sort(), [...SERVERS].sort(), kind);
    const single = wires.filter((wire) => wire.includes('>'));
    assert.ok(
      single.length > 0 &&
        single.every(
          (wire) => /^(actor-host|actor-host-2|relay|api)>(postgres|redis|nats)$/.test(wire) || DAPRS.includes(wire),
        ),
      kind,
    );
  }
  const hit = new Set(drawn.flatMap(({ targets }) => targets));
  for (const wire of DAPRS) assert.ok(hit.has(wire), wire);
  for (const kind of ['forget', 'lossy'] as const)
    for (const wire of PEERS_OF_HOSTS) assert.ok(hits(kind).has(wire), `${kind} ${wire}`);
  assert.deepEqual([...hits('fill-disk')].sort(), [...DISKS].sort());
  assert.deepEqual([...hits('lose-disk')].sort(), [...LOSES_DISK].sort());
  const oneByOne = [...hits('clock')].filter((targets) => !targets.includes(','));
  assert.deepEqual(oneByOne.sort(), [...HOSTS, 'api', 'postgres', 'relay']);
  assert.ok(hits('clock').has(HOSTS.join()), 'both of a kind, too');
  const jumps = new Set(drawn.filter(({ kind }) => kind === 'clock').map(({ by }) => by));
  assert.deepEqual(jumps, new Set([3_600_000, -3_600_000]));
});

it('in ten hours each process is killed, told to end, paused and throttled, alone and with all of its kind, each kind drawn, each table locked; all within the time', () => {
  const drawn = drawSchedule('3', 10 * 3_600_000, PROCESSES);
  for (const name of PROCESSES) {
    const kinds = new Set(drawn.filter((fault) => fault.targets.includes(name)).map((fault) => fault.kind));
    assert.ok(kinds.has('kill') || kinds.has('kill-tree'), name);
    for (const kind of ['pause', 'stop', 'throttle'] as const) assert.ok(kinds.has(kind), `${kind} ${name}`);
  }
  for (const kind of ['kill', 'pause', 'stop', 'throttle'] as const) {
    const hosts = drawn.filter((fault) => fault.kind === kind && fault.targets.includes('actor-host-2'));
    const both = hosts.filter(({ targets }) => targets.includes('actor-host')).length;
    assert.ok(
      both > 0 && both < hosts.length / 2,
      `${kind}: ${String(both)} of ${String(hosts.length)} are of both hosts`,
    );
  }
  const kinds = new Set(drawn.map(({ kind }) => (kind === 'kill-tree' ? 'kill' : kind)));
  assert.deepEqual([...kinds].sort(), [...DRAWN].sort());
  const locked = new Set(drawn.flatMap(({ kind, targets }) => (kind === 'lock-table' ? targets : [])));
  assert.deepEqual([...locked].sort(), [...TABLES].sort());
  const longest = (kind: FaultKind): number => LONGEST_MS[kind] ?? 8_000;
  assert.ok(drawn.every(({ kind, atMs, forMs }) => atMs < 10 * 3_600_000 && forMs <= longest(kind)));
  const pauses = drawn.filter(({ kind }) => kind === 'pause');
  const long = pauses.filter(({ forMs }) => forMs > 8_000).length;
  assert.ok(long > 0 && long < pauses.length / 4, `${String(long)} of ${String(pauses.length)} pauses are long`);
});

it('of some kinds only, all are of those', () => {
  const drawn = drawSchedule('7', 600_000, PROCESSES, ['stop', 'read-only']);
  assert.deepEqual(new Set(drawn.map(({ kind }) => kind)), new Set(['stop', 'read-only']));
});

/** CPU and memory of processes and all their children, from /proc. */
import { readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Linux tells times in hundredths of a second (USER_HZ) on every platform Node runs on. */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4_096;

interface ProcessTimes {
  readonly parent: number;
  readonly ticks: number;
  /** of children that ended and were waited for */
  readonly endedChildrenTicks: number;
  readonly rssBytes: number;
}

export interface Cost {
  readonly cpuSeconds: number;
  readonly rssBytes: number;
}

function timesOf(pid: string): ProcessTimes | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const at = (field: number): number => fields[field - 3] ?? 0;
    return {
      parent: at(4),
      ticks: at(14) + at(15),
      endedChildrenTicks: at(16) + at(17),
      rssBytes: at(24) * PAGE_BYTES,
    };
  } catch {
    return null;
  }
}

/** By name, what each process has used since its start. A process that does not run is left out. */
export function costsOf(processes: readonly { name: string; pid: number | undefined }[]): Map<string, Cost> {
  const times = new Map<number, ProcessTimes>();
  for (const entry of readdirSync('/proc')) {
    const found = /^\d+$/.test(entry) ? timesOf(entry) : null;
    if (found !== null) times.set(Number(entry), found);
  }
  const children = Map.groupBy(times.keys(), (pid) => times.get(pid)?.parent ?? 0);
  const sum = (pid: number, isRoot: boolean): Cost => {
    const own = times.get(pid);
    const below = (children.get(pid) ?? []).map((child) => sum(child, false));
    const ticks = (own?.ticks ?? 0) + (isRoot ? (own?.endedChildrenTicks ?? 0) : 0);
    return {
      cpuSeconds: below.reduce((total, each) => total + each.cpuSeconds, ticks / TICKS_PER_SECOND),
      rssBytes: own?.rssBytes ?? 0,
    };
  };
  return new Map(
    processes.flatMap(({ name, pid }) => (pid === undefined || !times.has(pid) ? [] : [[name, sum(pid, true)]])),
  );
}

/** All cores together, since boot: what anybody on this machine has used. */
function machineCpuSeconds(): number {
  const fields = readFileSync('/proc/stat', 'utf8').split('\n')[0]?.split(/\s+/).slice(1).map(Number) ?? [];
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = fields;
  return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND;
}

function coreCount(): number {
  return cpus().length;
}

/** @returns tells which share of all cores neither this process nor these have used since: other people on this machine */
export function watchOthers(processes: () => Parameters<typeof costsOf>[0]): () => number {
  const ours = (): number => {
    const { user, system } = process.cpuUsage();
    return [...costsOf(processes()).values()].reduce((sum, each) => sum + each.cpuSeconds, (user + system) / 1e6);
  };
  const [machineSeconds, ourSeconds, atMs] = [machineCpuSeconds(), ours(), performance.now()];
  return () => {
    const seconds = machineCpuSeconds() - machineSeconds - (ours() - ourSeconds);
    return Math.max(0, seconds / (((performance.now() - atMs) / 1000) * coreCount()));
  };
}

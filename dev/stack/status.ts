/** `make status`: a line per process. Exit code 1 when the stack doesn't run whole. */
import { RUN_DIR } from './runDir.ts';
import { isRunning, readState, runningSupervisor } from './state.ts';

const state = readState(RUN_DIR);
if (!state || runningSupervisor(RUN_DIR) === undefined) {
  console.log('The stack does not run. Start it: make run');
  process.exit(1);
}

function uptime(since: string | undefined): string {
  if (since === undefined) return '';
  const seconds = Math.round((Date.now() - Date.parse(since)) / 1_000);
  if (seconds < 120) return `${String(seconds)} s`;
  return seconds < 7_200 ? `${String(Math.round(seconds / 60))} min` : `${String(Math.round(seconds / 3_600))} h`;
}

/** A one-shot that has done its work has no process and is ready. */
function describe(each: (typeof state & object)['processes'][number]): [string, boolean] {
  if (each.pid === undefined) return each.ready ? ['done', true] : ['down', false];
  if (!isRunning({ pid: each.pid, startTicks: each.startTicks })) return ['dead', false];
  return each.ready ? ['ready', true] : ['starting', false];
}

const rows = state.processes.map((each) => {
  const [word, well] = describe(each);
  return { cells: [each.name, String(each.pid ?? ''), word, String(each.restarts), uptime(each.startedAt)], well };
});
const table = [['name', 'pid', 'state', 'restarts', 'uptime'], ...rows.map(({ cells }) => cells)];
const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...table.map((cells) => (cells[column] ?? '').length)));
for (const cells of table)
  console.log(
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
if (!rows.every(({ well }) => well)) process.exitCode = 1;

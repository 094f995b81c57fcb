/** `make stop` and, with --delete-data, `make reset`: ends what runs, says what it did. */
import { existsSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { RUN_DIR } from './runDir.ts';
import { endOrphans, runningSupervisor } from './state.ts';

const STOP_WITHIN_MS = 30_000;

const supervisor = runningSupervisor(RUN_DIR);
if (supervisor !== undefined) {
  process.kill(supervisor, 'SIGTERM');
  const deadlineMs = Date.now() + STOP_WITHIN_MS;
  while (runningSupervisor(RUN_DIR) !== undefined && Date.now() < deadlineMs) await sleep(50);
  if (runningSupervisor(RUN_DIR) !== undefined) process.kill(supervisor, 'SIGKILL');
}
const orphans = await endOrphans(RUN_DIR);
if (orphans.length > 0) console.log(`ended what was left behind: ${orphans.join(', ')}`);
console.log(supervisor === undefined && orphans.length === 0 ? 'nothing was running' : 'stopped');

if (process.argv.includes('--delete-data')) {
  const had = existsSync(RUN_DIR);
  rmSync(RUN_DIR, { recursive: true, force: true });
  console.log(had ? `deleted ${RUN_DIR}: database, streams, keys, logs` : 'there was no data to delete');
}

/** Runs one of our programs beside a running stack, told what the stack's processes are told: `withEnv.ts data/seed.ts --city …` */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RUN_DIR } from './runDir.ts';
import { runningSupervisor } from './state.ts';

const envFile = join(RUN_DIR, 'env.json');
if (runningSupervisor(RUN_DIR) === undefined || !existsSync(envFile)) {
  console.error('The stack does not run. Start it in another terminal: make run');
  process.exit(1);
}
const env = JSON.parse(readFileSync(envFile, 'utf8')) as Record<string, string>;
// The shell's own come first: `make simulate LOG_LEVEL=debug`
const program = spawn(process.execPath, process.argv.slice(2), { stdio: 'inherit', env: { ...env, ...process.env } });
// The terminal sends Ctrl-C to it as well; we only wait for it.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => program.kill('SIGTERM'));
const [code] = (await once(program, 'exit')) as [number | null];
process.exit(code ?? 1);

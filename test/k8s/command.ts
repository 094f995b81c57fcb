import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Said {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly input?: string;
  readonly signal?: AbortSignal | undefined;
}

/** Runs it to its end. @throws Error when there is no such command, or `signal` is aborted */
export async function command([file = '', ...words]: readonly string[], options: CommandOptions): Promise<Said> {
  const { env, cwd, input = '', signal } = options;
  const child = spawn(file, words, { env, cwd, signal });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  // it may end without having read
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { ok: code === 0, stdout, stderr };
}

/** A shell that is pasted into, as whoever is on call does: one shell for a whole page, what it says is read. */
import { spawn } from 'node:child_process';
import { CHECKOUT } from '../../dev/stack/tools.ts';

export interface Shell {
  /** @returns what was said and whether each command went well, when the last of them is done */
  paste(commands: string): Promise<{ readonly said: string; readonly failed: readonly string[] }>;
  close(): void;
}

const FAILED = '!!failed: ';

export function openShell(env: Record<string, string>): Shell {
  const bash = spawn('bash', ['--noprofile', '--norc'], { cwd: CHECKOUT, env: { ...process.env, ...env } });
  let heard = '';
  let done: ((said: string) => void) | undefined;
  let mark = '';
  const hear = (text: string): void => {
    heard += text;
    if (mark === '' || !heard.includes(mark)) return;
    const said = heard.slice(0, heard.indexOf(mark));
    [heard, mark] = ['', ''];
    done?.(said);
  };
  bash.stdout.setEncoding('utf8').on('data', hear);
  bash.stderr.setEncoding('utf8').on('data', hear);
  bash.stdin.write(`exec 2>&1; trap 'echo "${FAILED}$BASH_COMMAND"' ERR\n. dev/runbook.sh\n`);
  let pasted = 0;
  return {
    paste: async (commands) => {
      const next = `done-${String(++pasted)}-${String(process.pid)}`;
      const answer = new Promise<string>((resolve) => (done = resolve));
      mark = `${next}\n`;
      // in halves, so that the shell's own words about this line are not taken for it
      bash.stdin.write(`${commands}\nprintf '%s%s\\n' '${next.slice(0, 4)}' '${next.slice(4)}'\n`);
      const said = await answer;
      const failed = said.split('\n').filter((line) => line.startsWith(FAILED));
      return { said, failed: failed.map((line) => line.slice(FAILED.length)) };
    },
    close: () => {
      bash.stdin.end();
    },
  };
}

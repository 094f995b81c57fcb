/** The other tree: a commit, laid out in a temporary folder with this tree's dependencies and servers. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../dev/stack/ending.ts';
import { cacheOf, compileModules } from '../../dev/stack/compiledModules.ts';
import { CHECKOUT } from '../../dev/stack/tools.ts';

export interface Tree {
  readonly dir: string;
  /** takes the folder away */
  remove(): void;
}

/** Not committed, and the same for both. */
const SHARED = ['node_modules', join('web', 'dist')];
const SERVERS = join('dev', '.tools.env');
const LOCK = 'package-lock.json';

/** @throws Error when there is no such commit, or it stands on other dependencies */
export function layOut(commit: string): Tree {
  const archive = git('archive', '--format=tar', `${commit}^{commit}`);
  const { dir, remove } = temporaryFolder('compare');
  try {
    execFileSync('tar', ['-x', '-C', dir], { input: archive });
    if (readFileSync(join(dir, LOCK), 'utf8') !== readFileSync(join(CHECKOUT, LOCK), 'utf8')) {
      throw new Error(`${commit} stands on other dependencies (${LOCK} differs): it can't be compared by turns.`);
    }
    for (const path of SHARED.filter((each) => existsSync(join(CHECKOUT, each)))) {
      mkdirSync(join(dir, path, '..'), { recursive: true });
      symlinkSync(join(CHECKOUT, path), join(dir, path));
    }
    copyFileSync(join(CHECKOUT, SERVERS), join(dir, SERVERS));
    // as `make setup` did for this tree: without it the other holds 20 MB more, and answers later
    compileModules(dir, cacheOf(dir));
    return { dir, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function git(...args: string[]): Buffer {
  try {
    return execFileSync('git', args, { cwd: CHECKOUT, maxBuffer: 2 ** 29, stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const why = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
    throw new Error(`BASE is no commit of this repository: ${why}`, { cause: error });
  }
}

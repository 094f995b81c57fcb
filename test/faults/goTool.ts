/** Builds what is written in Go, once, into the cache that dev/setup fills too. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../../dev/stack/tools.ts';

/**
 * @param packagePath what is built; default: the module itself. @param room the folder its module's folder is in
 * @returns the program's path, or why there is none
 */
export function buildGoTool(
  name: string,
  packagePath = '.',
  room = import.meta.dirname,
): { readonly path: string } | { readonly because: string } {
  const source = join(room, name);
  const digest = createHash('sha256');
  for (const file of readdirSync(source).sort()) digest.update(readFileSync(join(source, file)));
  const path = join(cacheFolder(), `${name}-${digest.digest('hex').slice(0, 12)}`, name);
  if (existsSync(path)) return { path };
  mkdirSync(join(path, '..'), { recursive: true });
  const built = spawnSync('go', ['build', '-trimpath', '-o', path, packagePath], { cwd: source, encoding: 'utf8' });
  if (built.status === 0) return { path };
  return { because: `go build of ${name} failed: ${built.error?.message ?? built.stderr}` };
}

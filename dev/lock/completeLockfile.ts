/**
 * Adds to package-lock.json the optional platform packages that npm left out of it.
 *
 * npm writes only the platform packages its registry could show it. A lockfile made behind a mirror that holds Linux alone
 * names no macOS ones, and then `npm ci` refuses everywhere: "Missing: … from lock file". Their names and versions are fixed by
 * the package that asks for them, so they can be added; only the integrity hash cannot be known. Run by `npm run lock`.
 */
import { readFileSync, writeFileSync } from 'node:fs';

interface LockEntry {
  version?: string;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  optionalDependencies?: Record<string, string>;
}

const OSES = ['android', 'darwin', 'freebsd', 'linux', 'openbsd', 'openharmony', 'win32'];
const CPU_BY_WORD: Record<string, string> = { armv7: 'arm', aarch64: 'arm64' };
const CPUS = ['arm', 'arm64', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64'];

const path = process.argv[2] ?? 'package-lock.json';
const lock = JSON.parse(readFileSync(path, 'utf8')) as { packages: Record<string, LockEntry> };

function platformOf(name: string): Pick<LockEntry, 'os' | 'cpu'> | undefined {
  const words = name.split(/[/-]/).map((word) => CPU_BY_WORD[word] ?? word);
  const os = words.find((word) => OSES.includes(word));
  const cpu = words.find((word) => CPUS.includes(word));
  return os && cpu ? { cpu: [cpu], os: [os] } : undefined;
}

const added: string[] = [];
for (const entry of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const place = `node_modules/${name}`;
    const platform = platformOf(name);
    // A range or an unknown platform would be a guess: npm's own complaint is better.
    if (lock.packages[place] || !platform || !/^\d+\.\d+\.\d+$/.test(version)) continue;
    lock.packages[place] = { version, ...(entry.dev ? { dev: true } : {}), optional: true, ...platform };
    added.push(name);
  }
}
const byPath = Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1));
lock.packages = Object.fromEntries(byPath);
if (added.length > 0) writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
console.log(added.length > 0 ? `added ${added.join(', ')}` : 'nothing missing');

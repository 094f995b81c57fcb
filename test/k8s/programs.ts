/** The control plane's programs: built once from their Go modules into the cache that dev/setup fills too, a folder per version. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { arch } from 'node:os';
import { join } from 'node:path';
import { cacheFolder, CHECKOUT } from '../../dev/stack/tools.ts';

interface Program {
  /** the cache folder's name, and with `folder` the module's */
  readonly name: string;
  /** from the checkout's root: holds go.mod and go.sum, so that versions are pinned and verified */
  readonly folder: string;
  /** the line of go.mod that says the version */
  readonly module: string;
  readonly packages: readonly string[];
  readonly binaries: readonly string[];
  readonly flags?: (version: string) => string;
}

const AT = 'test/k8s/programs';
const KUBERNETES = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubectl'] as const;
const PROGRAMS = [
  { name: 'etcd', folder: `${AT}/etcd`, module: 'go.etcd.io/etcd/server/v3', packages: ['.'], binaries: ['etcd'] },
  {
    name: 'kubernetes',
    folder: `${AT}/kubernetes`,
    module: 'k8s.io/kubernetes',
    packages: KUBERNETES.map((name) => `k8s.io/kubernetes/cmd/${name}`),
    binaries: KUBERNETES,
    // Helm compares it with the chart's kubeVersion.
    flags: (version) => `-X k8s.io/component-base/version.gitVersion=v${version}`,
  },
  {
    name: 'kwok',
    folder: `${AT}/kwok`,
    module: 'sigs.k8s.io/kwok',
    packages: ['sigs.k8s.io/kwok/cmd/kwok'],
    binaries: ['kwok'],
  },
  {
    name: 'keda',
    folder: `${AT}/keda`,
    module: 'github.com/kedacore/keda/v2',
    packages: ['operator', 'adapter'].map((name) => `github.com/kedacore/keda/v2/cmd/${name}`),
    binaries: ['operator', 'adapter'],
  },
  {
    name: 'prometheus-adapter',
    folder: `${AT}/adapter`,
    module: 'sigs.k8s.io/prometheus-adapter',
    packages: ['sigs.k8s.io/prometheus-adapter/cmd/adapter'],
    // not `adapter`: KEDA's is one too
    binaries: ['prometheus-adapter'],
  },
  {
    name: 'helm',
    folder: 'test/chart/helm',
    module: 'helm.sh/helm/v3',
    packages: ['helm.sh/helm/v3/cmd/helm'],
    binaries: ['helm'],
  },
] as const satisfies readonly Program[];

type Binary = (typeof PROGRAMS)[number]['binaries'][number];

/** Paths by binary. */
export type Programs = Readonly<Record<Binary, string>>;

/** @throws Error with the end of what go said */
export async function buildPrograms(say: (line: string) => void, signal?: AbortSignal): Promise<Programs> {
  const paths: Record<string, string> = {};
  for (const program of PROGRAMS as readonly Program[]) {
    const home = join(cacheFolder(), `${program.name}-${versionOf(program)}-${architecture()}`);
    const isThere = program.binaries.every((binary) => existsSync(join(home, binary)));
    if (!isThere) await build(program, home, say, signal);
    for (const binary of program.binaries) paths[binary] = join(home, binary);
  }
  return paths as Programs;
}

/** The folder of a module's own files, fetched if it isn't here, verified by go.sum. */
export function moduleFolder(folder: string, module: string): string {
  const words = ['mod', 'download', '-json', module];
  const answer = execFileSync('go', words, { cwd: join(CHECKOUT, folder), encoding: 'utf8' });
  return (JSON.parse(answer) as { Dir: string }).Dir;
}

/** As `uname -m` says it: the folders are dev/setup's too. */
function architecture(): string {
  return { x64: 'x86_64', arm64: 'aarch64' }[arch() as string] ?? arch();
}

function versionOf({ folder, module }: Program): string {
  const text = readFileSync(join(CHECKOUT, folder, 'go.mod'), 'utf8');
  const line = new RegExp(`^\\s*(?:require )?${module.replaceAll('.', '\\.')} v(\\S+)`, 'm').exec(text);
  if (line?.[1] === undefined) throw new Error(`${folder}/go.mod does not require ${module}`);
  return line[1];
}

const TELL_EVERY_MS = 30_000;

/** Built aside and moved in whole, so that an interrupted build leaves nothing half. */
async function build(program: Program, home: string, say: (line: string) => void, signal?: AbortSignal): Promise<void> {
  const version = versionOf(program);
  const startedMs = performance.now();
  const seconds = (): string => ((performance.now() - startedMs) / 1000).toFixed(0);
  say(`building ${program.name} ${version} from its Go module (minutes, the first time) …`);
  mkdirSync(cacheFolder(), { recursive: true });
  const aside = mkdtempSync(join(cacheFolder(), 'building-k8s.'));
  const telling = setInterval(() => say(`  ${program.name}: ${seconds()} s`), TELL_EVERY_MS);
  try {
    const ldflags = `-ldflags=-s -w ${program.flags?.(version) ?? ''}`;
    const [binary = '', ...others] = program.binaries;
    const output = others.length > 0 ? `${aside}/` : join(aside, binary);
    const words = ['go', 'build', '-trimpath', '-buildvcs=false', ldflags, '-o', output, ...program.packages];
    await run(['nice', '-n', '10', ...words], join(CHECKOUT, program.folder), signal);
    rmSync(home, { recursive: true, force: true });
    renameSync(aside, home);
  } finally {
    clearInterval(telling);
    rmSync(aside, { recursive: true, force: true });
  }
  say(`building ${program.name} ${version}: done in ${seconds()} s`);
}

async function run([file = '', ...words]: readonly string[], cwd: string, signal?: AbortSignal): Promise<void> {
  const child = spawn(file, words, { cwd, stdio: ['ignore', 'ignore', 'pipe'], signal });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4_000)));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${words.slice(2).join(' ')} in ${cwd} failed (is Go 1.26 here?):\n${said}`);
}

/** `make k8s`: the control plane of the test in the foreground, for installing by hand. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { say } from '../survival/setting.ts';
import { startCluster } from './cluster.ts';
import { buildPrograms } from './programs.ts';

const stopping = new AbortController();
const stopped = once(stopping.signal, 'abort');
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());

const programs = await buildPrograms(say, stopping.signal);
const dir = mkdtempSync(join(tmpdir(), 'pahlawan-k8s-'));
try {
  const cluster = await startCluster({ dir, programs, say, signal: stopping.signal });
  const folders = [...new Set([programs.kubectl, programs.helm].map((path) => dirname(path)))].join(':');
  say('in another terminal:');
  process.stdout.write(`  export KUBECONFIG=${join(dir, 'kubeconfig')} PATH=${folders}:$PATH\n`);
  say('then k8s/README.md (the namespace, the Secrets) and charts/README.md. Ctrl-C stops it and throws it away.');
  await stopped;
  await cluster.stop();
} finally {
  rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}
process.exit(0);

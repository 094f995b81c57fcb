/** What the runbooks paste into a cluster, pasted: as far as kubectl can answer where no container runs. */
import { runbooks } from '../alerts/runbooks.ts';
import { commandsOf } from '../chart/kubectlWords.ts';
import { NAMESPACE } from './chart.ts';
import type { Cluster } from './cluster.ts';

/** Logs, exec and top ask a kubelet; delete and patch come with a name that an alert tells. */
const ANSWERED = ['get', 'describe', 'rollout'];

/** @returns how many were asked, and which were not answered */
export async function paste(cluster: Cluster): Promise<{ readonly asked: number; readonly silent: readonly string[] }> {
  const told = runbooks().flatMap(({ blocks }) => blocks.flatMap(({ commands }) => commandsOf(commands)));
  const here = told.filter(
    ({ program, namespace, verb, line }) =>
      program === 'kubectl' && namespace === NAMESPACE && ANSWERED.includes(verb) && !line.includes('$'),
  );
  const words = new Map(here.map(({ line, words }) => [line, words]));
  const silent: string[] = [];
  for (const [line, these] of words) {
    const { ok, stdout, stderr } = await cluster.run(['kubectl', ...these]);
    if (!ok || stdout === '' || /No resources found/.test(stderr)) silent.push(`${line}: ${stderr}`);
  }
  return { asked: words.size, silent };
}

/** KEDA's operator and adapter, beside the cluster instead of in it. */
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { answersHttp } from '../../dev/stack/infrastructure/probes.ts';
import type { ProcessSpec } from '../../dev/stack/supervise/processSpec.ts';
import type { Certificates } from './certificates.ts';
import type { ControlPlaneOptions } from './controlPlane.ts';

const NAMESPACE = 'keda';

/** Its kinds come first (crds.ts). */
export async function keda(options: ControlPlaneOptions): Promise<ProcessSpec[]> {
  const { programs, kubeconfig, portOf, certificates, dir } = options;
  const listen = async (name: string): Promise<string> => `127.0.0.1:${String(await portOf(name))}`;
  const metrics = await listen('keda.metrics-service');
  const health = await listen('keda.health');
  const { server } = certificates;
  const certificateFolder = join(dir, 'keda');
  // It exits without the last of these.
  const env = { POD_NAMESPACE: NAMESPACE, WATCH_NAMESPACE: '', KEDA_CLUSTER_OBJECT_NAMESPACE: NAMESPACE };
  const adapterPort = String(await portOf('keda.adapter'));
  return [
    {
      name: 'keda-operator',
      command: [
        programs.operator,
        `--kubeconfig=${kubeconfig}`,
        `--cert-dir=${certificateFolder}`,
        `--metrics-bind-address=${await listen('keda.metrics')}`,
        `--health-probe-bind-address=${health}`,
        `--metrics-service-bind-address=${metrics}`,
      ],
      env,
      after: [],
      prepare: () => placeCertificates(certificateFolder, certificates),
      ready: () => answersHttp(`http://${health}/readyz`),
      readyWithinMs: 60_000,
    },
    {
      name: 'keda-adapter',
      command: [
        programs.adapter,
        ...['kubeconfig', 'lister-kubeconfig', 'authentication-kubeconfig', 'authorization-kubeconfig'].map(
          (flag) => `--${flag}=${kubeconfig}`,
        ),
        '--bind-address=127.0.0.1',
        `--secure-port=${adapterPort}`,
        `--cert-dir=${certificateFolder}`,
        `--tls-cert-file=${server.certificate}`,
        `--tls-private-key-file=${server.key}`,
        `--metrics-service-address=${metrics}`,
        `--port=${String(await portOf('keda.adapter.metrics'))}`,
      ],
      env,
      after: ['keda-operator'],
      ready: () => options.api.answers('/apis/external.metrics.k8s.io/v1beta1'),
      readyWithinMs: 60_000,
    },
  ];
}

function placeCertificates(folder: string, { authority, server }: Certificates): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  copyFileSync(authority.certificate, join(folder, 'ca.crt'));
  copyFileSync(server.certificate, join(folder, 'tls.crt'));
  copyFileSync(server.key, join(folder, 'tls.key'));
}

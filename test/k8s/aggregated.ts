/** APIs that the API server hands on to a process beside it, as it hands them on to pods in a cluster. */
export interface Aggregated {
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly service: string;
}

/** Where the READMEs of KEDA and of prometheus-adapter have them. */
export const EXTERNAL_METRICS: Aggregated = {
  group: 'external.metrics.k8s.io',
  version: 'v1beta1',
  namespace: 'keda',
  service: 'keda-metrics-apiserver',
};
export const CUSTOM_METRICS: Aggregated = {
  group: 'custom.metrics.k8s.io',
  version: 'v1beta1',
  namespace: 'monitoring',
  service: 'prometheus-adapter',
};

/** What a certificate of such a process has to name. */
export const hostOf = ({ namespace, service }: Aggregated): string => `${service}.${namespace}.svc`;
export const pathOf = ({ group, version }: Aggregated): string => `/apis/${group}/${version}`;

export function aggregation(api: Aggregated, port: number, authority: Buffer): object[] {
  const { group, version, namespace, service } = api;
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: service, namespace },
      spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ port }] },
    },
    {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: `${version}.${group}` },
      spec: {
        group,
        version,
        groupPriorityMinimum: 100,
        versionPriority: 100,
        service: { name: service, namespace, port },
        caBundle: authority.toString('base64'),
      },
    },
  ];
}

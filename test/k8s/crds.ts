/** The kinds of others that the chart uses: files and folders in their Go modules. */
import { join } from 'node:path';
import { moduleFolder } from './programs.ts';

export function crdFiles(): string[] {
  const dapr = join(moduleFolder('dev/tools', 'github.com/dapr/dapr'), 'charts', 'dapr', 'crds');
  const prometheus = 'github.com/prometheus-operator/prometheus-operator';
  const monitoring = join(moduleFolder('test/k8s/programs/crds', prometheus), 'example', 'prometheus-operator-crd');
  const keda = moduleFolder('test/k8s/programs/keda', 'github.com/kedacore/keda/v2');
  return [
    join(keda, 'config', 'crd', 'bases'),
    ...['components', 'configuration', 'resiliency'].map((kind) => join(dapr, `${kind}.yaml`)),
    ...['servicemonitors', 'prometheusrules'].map((kind) => join(monitoring, `monitoring.coreos.com_${kind}.yaml`)),
  ];
}

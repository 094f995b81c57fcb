/** What every pod must have, over every value set. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TObject } from 'typebox';
import { Config as ActorHost } from '../../services/actor-host/config.ts';
import { ApiEnv } from '../../services/api/config.ts';
import { Config as Relay } from '../../services/relay/config.ts';
import { Config as Worker, rolesOf } from '../../services/worker/config.ts';
import { CHECKOUT } from '../../dev/stack/tools.ts';
import { readEnv } from '../../services/adapters/config/env.ts';
import { TracingEnv } from '../../services/adapters/telemetry/tracingEnv.ts';
import { componentOf, objectsOf, podsOf, VALUE_SETS } from './rendered.ts';

const CONFIGS: Record<string, TObject> = { api: ApiEnv, 'actor-host': ActorHost, relay: Relay, worker: Worker };
/** What no config knows, and who reads it. */
const BESIDES: Record<string, readonly string[]> = {
  // its preStop
  'actor-host': ['DAPR_API_TOKEN'],
};
/** Dapr's injector gives it to each container. */
const INJECTED = { DAPR_HTTP_PORT: '3500' };

interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } };
}

for (const valueSet of VALUE_SETS) {
  const objects = objectsOf(valueSet);
  const pods = podsOf(objects);
  describe(`pods of ${valueSet}`, () => {
    it('are four kinds of process, the migration and the test', () => {
      deepEqual([...new Set(pods.map(componentOf))].sort(), [
        'actor-host',
        'api',
        'migrate',
        'relay',
        'test',
        'worker',
      ]);
    });
    it('are what the restricted level of pod security lets in, and more', () => {
      for (const { spec } of pods) {
        equal(spec.automountServiceAccountToken, false);
        deepEqual(spec.securityContext.seccompProfile, { type: 'RuntimeDefault' });
        equal(spec.securityContext.runAsNonRoot, true);
        for (const privilege of ['hostNetwork', 'hostPID', 'hostIPC', 'initContainers'])
          equal(spec[privilege], undefined, privilege);
        // the map's file, to be read
        const volumes = (spec.volumes ?? []) as readonly {
          readonly persistentVolumeClaim?: { readonly readOnly: true };
        }[];
        ok(volumes.every(({ persistentVolumeClaim }) => persistentVolumeClaim?.readOnly === true));
        for (const container of spec.containers)
          deepEqual(container.securityContext, {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            runAsNonRoot: true,
            capabilities: { drop: ['ALL'] },
            seccompProfile: { type: 'RuntimeDefault' },
          });
      }
    });
    it('ask for cpu and memory, and have a limit of memory', () => {
      for (const { resources } of pods.flatMap(({ spec }) => spec.containers)) {
        ok(resources.requests.cpu);
        ok(resources.requests.memory);
        ok(resources.limits.memory);
      }
    });
    it('are probed, if they stay', () => {
      for (const { owner, spec } of pods) {
        if (owner.kind !== 'Deployment') continue;
        const [container] = spec.containers;
        equal(container.startupProbe.httpGet.path, '/healthz');
        equal(container.livenessProbe.httpGet.path, '/healthz');
        equal(container.readinessProbe.httpGet.path, '/readyz');
        equal(container.ports[0].name, container.readinessProbe.httpGet.port);
      }
    });
    it('run a program that is there', () => {
      for (const [program, main] of pods.flatMap(({ spec }) => spec.containers).map(({ command }) => command)) {
        equal(program, 'node');
        if (!main.startsWith('--')) ok(existsSync(join(CHECKOUT, main)), main);
      }
    });
    it('are told what their config knows, all it needs, and nothing else', () => {
      for (const pod of pods) {
        const config = CONFIGS[componentOf(pod)];
        if (!config) continue;
        const variables: readonly Variable[] = pod.spec.containers[0].env;
        const names = variables.map(({ name }) => name);
        equal(new Set(names).size, names.length, 'a name twice');
        const known = [
          ...Object.keys({ ...TracingEnv.properties, ...config.properties }),
          ...(BESIDES[componentOf(pod)] ?? []),
        ];
        deepEqual(
          names.filter((name) => !known.includes(name)),
          [],
          `no config of ${componentOf(pod)} knows these`,
        );
        readEnv(config, { ...INJECTED, ...Object.fromEntries(variables.map(asRead)) });
      }
    });
    it('take secrets only by reference', () => {
      const secret = /URL$|SECRET|TOKEN|_KEYS$|PRIVATE|ROUTING_KEY|PASSWORD/;
      const open = [
        'JWT_ISSUER_URL',
        'PUBLIC_URL',
        'VALHALLA_URL',
        'PAGERDUTY_EVENTS_URL',
        'SMS_GATEWAY_URL',
        'API_URL',
      ];
      for (const { env } of pods.flatMap(({ spec }) => spec.containers))
        for (const { name, valueFrom } of env as Variable[]) {
          if (!secret.test(name) || open.includes(name)) continue;
          ok(valueFrom?.secretKeyRef.name, `${name} is written out`);
          ok(valueFrom.secretKeyRef.key);
        }
    });
    it('play every role between them', () => {
      const played = pods
        .filter((pod) => componentOf(pod) === 'worker')
        .flatMap(({ spec }) => rolesOf(spec.containers[0].args as string[], ''));
      deepEqual(new Set(played), new Set(rolesOf([], 'sweep,rematch,escalate,notify,keep,housekeep')));
    });
    it('are found by exactly one disruption budget each, and not by another deployment', () => {
      const finders = objects.filter(({ kind }) => kind === 'PodDisruptionBudget' || kind === 'Deployment');
      for (const { labels, owner } of pods) {
        if (owner.kind !== 'Deployment') continue;
        const found = finders.filter(({ spec }) =>
          matches(spec.selector.matchLabels as Record<string, string>, labels),
        );
        deepEqual(found.map(({ kind }) => kind).sort(), ['Deployment', 'PodDisruptionBudget']);
      }
    });
  });
}

function matches(selector: Record<string, string>, labels: Record<string, string>): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}

/** A secret stands for itself: 64 characters. */
function asRead({ name, value }: Variable): [string, string] {
  return [name, value ?? 's'.repeat(64)];
}

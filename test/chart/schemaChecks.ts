/** The schema knows every key, and refuses what it does not know. */
import { equal, match } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { CHART, template } from './rendered.ts';

const REFUSED: readonly [string, RegExp][] = [
  ['image.registry=x', /registry/],
  ['config.webPush.publicKey=key', /subject/],
  ['config.smsGateway.url=https://sms.example/3rdparty/v1', /publicUrl/],
  ['config.photoStore.bucketUrl=s3://photos', /bucketUrl/],
  ['config.impact.mealKg=0', /mealKg/],
  ['config.logLevel=loud', /logLevel/],
  ['config.jwt.issuerUrl=', /issuerUrl/],
  ['config.publicUrl=http://food.example', /publicUrl/],
  ['config.publicUrl=https://food.example/app', /publicUrl/],
  ['config.trustedProxies[0]=everybody', /trustedProxies/],
  ['config.matchRadiusMeters=5', /matchRadiusMeters/],
  ['secrets.databaseUrl.value=postgres://x', /value/],
  ['secrets.databaseUrl.existingSecret=', /existingSecret/],
  ['api.replicas=0', /replicas/],
  ['api.drainSeconds=61', /drainSeconds/],
  ['api.map.existingClaim=a/b', /existingClaim/],
  ['api.map.file=../secret', /file/],
  ['actorHost.cellLevel=13', /cellLevel/],
  ['worker.groups[0].name=x,worker.groups[0].replicas=1,worker.groups[0].roles[0]=dance', /roles/],
  ['dapr.tracing.samplingRate=2', /samplingRate/],
  ['config.traces.share=2', /share/],
  ['config.traces.endpoint=collector:4318', /endpoint/],
  ['autoscaling.mode=vpa', /mode/],
  ['autoscaling.targetSaturation=1.5', /targetSaturation/],
  ['autoscaling.behavior.scaleDown.percent=0', /percent/],
  ['networkPolicy.servers.mongodb.port=1', /mongodb/],
  ['alerts.runbooksUrl=https://runbooks.example', /runbooksUrl/],
  ['networkPolicy.apiFrom[0].anyone=true', /anyone/],
];
describe('values', () => {
  for (const path of objectPaths(parse(readFileSync(join(CHART, 'values.yaml'), 'utf8')) as object))
    it(`an unknown key is refused in ${path || 'the root'}`, () => {
      refused(`${path}${path ? '.' : ''}unknownKey=x`, /unknownKey/);
    });
  for (const [set, reason] of REFUSED)
    it(`${set} is refused`, () => {
      refused(set, reason);
    });
});

/** Every object of the values but those that hold labels of one's own. */
function objectPaths(values: object, path = ''): string[] {
  const below = Object.entries(values).flatMap(([key, value]) => {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? objectPaths(value as object, path ? `${path}.${key}` : key) : [];
  });
  return ['nodeSelector', 'serviceMonitor.labels', 'alerts.labels', 'dashboards.labels'].includes(path)
    ? []
    : [path, ...below];
}

function refused(set: string, reason: RegExp): void {
  const option =
    set.startsWith('dapr.tracing') || set.startsWith('config.traces') || set.includes('targetSaturation')
      ? '--set-string'
      : '--set';
  const answer = template('default', option, set);
  equal(answer.ok, false, `${set} was taken`);
  match(answer.stderr, reason);
}

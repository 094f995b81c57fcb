/** The API: its parts in the order a request meets them. */
import type { FastifyBaseLogger } from 'fastify';
import type { CellClient } from '#cell/contract.ts';
import type { ImpactFactors } from '#core/words/impact.ts';
import type { Pool } from '#adapters/postgres/pool.ts';
import type { ObjectStore } from '#adapters/objects/objectStore.ts';
import type { Stats } from '#adapters/postgres/sql/readStats.ts';
import { createAdmission } from './admission/admission.ts';
import { admit } from './admission/admit.ts';
import { watchAdmission } from './admission/gauges.ts';
import { guardRoutes } from './auth/gate.ts';
import type { Verified } from './auth/tokens.ts';
import type { Identity } from './identity/identity.ts';
import { createFingerprint } from './idempotency/key.ts';
import { createSendOnce } from './idempotency/sendOnce.ts';
import { limitRates, type CountRequest, type RateLimits } from './limits/rateLimit.ts';
import type { MapTiles } from './map/tiles.ts';
import type { ApiMetrics } from './metrics.ts';
import type { Directory } from './organisations/directory.ts';
import type { HandoverCode, LotReads } from './ports.ts';
import type { Api } from './requests.ts';
import type { OrganisationStore } from './organisations/store.ts';
import { auditRoutes } from './routes/audit.ts';
import { deadLetterRoutes, type DeadLetterDependencies } from './routes/deadLetters.ts';
import { documentRoutes, collectOpenApi } from './routes/documents.ts';
import { handoverCodeRoutes } from './routes/handoverCode.ts';
import { healthRoutes, type Dependencies } from './routes/health.ts';
import { identityRoutes } from './routes/identity.ts';
import { mapRoutes } from './routes/map.ts';
import { meRoutes } from './routes/me.ts';
import { impactRoutes } from './routes/impact.ts';
import { offerAnswerRoutes } from './routes/offerAnswers.ts';
import { offerRoutes } from './routes/offers.ts';
import { organisationRoutes } from './routes/organisations.ts';
import { oversightRoutes, type Oversight } from './routes/oversight.ts';
import { passkeyRoutes } from './routes/passkeys.ts';
import { photoRoutes } from './routes/photos.ts';
import { pushSubscriptionRoutes, type PushDependencies } from './routes/pushSubscriptions.ts';
import { reportRoutes } from './routes/reports.ts';
import { reachingRoutes } from './routes/reaching.ts';
import { screenRoutes } from './routes/screens.ts';
import { steeringRoutes } from './routes/steering.ts';
import { statsRoutes } from './routes/stats.ts';
import { streamRoutes } from './routes/stream.ts';
import { surplusRoutes } from './routes/surplus.ts';
import { windowRoutes } from './routes/windows.ts';
import { NAMED_SCHEMAS } from './schemas/named.ts';
import { createServer, refuseOtherMethods } from './server.ts';
import type { Hub } from './stream/hub.ts';
import { traceRequests } from './traces.ts';

export interface ApiDependencies {
  readonly log: FastifyBaseLogger;
  readonly metrics: ApiMetrics;
  readonly verify: (authorization: string | undefined) => Promise<Verified>;
  readonly directory: Directory;
  readonly cells: CellClient;
  readonly reads: LotReads;
  readonly organisations: OrganisationStore;
  readonly push: Pick<PushDependencies, 'sealer' | 'vapidPublicKey' | 'allowLocalPush'>;
  readonly impactFactors: ImpactFactors;
  readonly stats: () => Promise<Stats>;
  readonly oversight: Oversight;
  readonly deadLetters: DeadLetterDependencies['deadLetters'];
  readonly hub: Hub;
  readonly pool: Pool;
  /** null: no photos are kept here */
  readonly photos: ObjectStore | null;
  /** null: no map is provided here */
  readonly mapTiles: MapTiles | null;
  readonly handoverCode: HandoverCode;
  /** null: people sign in elsewhere */
  readonly identity: Identity | null;
  /** where the built web app is; served when it is there */
  readonly screensDir: string;
  readonly trustedProxies: readonly string[];
  /** at least 32 bytes; fingerprints are keyed with a key derived from it */
  readonly secret: string;
  readonly rateLimits: RateLimits;
  readonly countRequest: CountRequest;
  readonly nowMs: () => number;
  readonly newUuid: (atMs: number) => string;
  readonly dependencies: Dependencies;
  /** requests make spans */
  readonly traced?: boolean;
}

export interface ApiServer {
  readonly app: Api;
  /** /readyz says no from now on; then close the app */
  drain(): void;
}

export async function createApi(given: ApiDependencies): Promise<ApiServer> {
  const { metrics, cells, reads, directory } = given;
  let draining = false;
  const app = createServer(given.log, (type) => metrics.problems.inc({ type }), given.trustedProxies);
  const methods = methodsByPath(app);
  if (given.traced === true) traceRequests(app);
  measure(app, metrics);
  sendElsewhere(app, () => draining);
  const admission = createAdmission(() => performance.now());
  watchAdmission(metrics.registry, admission);
  admit(app, admission);
  guardRoutes(app, { verify: given.verify, directory });
  await collectOpenApi(app);
  await limitRates(app, {
    limits: given.rateLimits,
    count: given.countRequest,
    failed: () => metrics.rateLimitFailures.inc(),
  });
  for (const schema of NAMED_SCHEMAS) app.addSchema(schema);

  const fingerprint = createFingerprint(given.secret);
  const sendOnce = createSendOnce({ cells, claimKey: reads.claimKey, joined: () => metrics.joinedRequests.inc() });
  const newId = (): string => given.newUuid(given.nowMs());
  healthRoutes(app, { dependencies: given.dependencies, metrics, isDraining: () => draining });
  surplusRoutes(app, { ...given, sendOnce, fingerprint });
  await photoRoutes(app, given);
  offerRoutes(app, { reads, directory, contactOf: given.organisations.contactOf });
  offerAnswerRoutes(app, { sendOnce, reads, directory, fingerprint });
  steeringRoutes(app, { ...given, sendOnce, fingerprint });
  handoverCodeRoutes(app, { ...given, newId });
  organisationRoutes(app, { ...given, fingerprint });
  impactRoutes(app, given);
  pushSubscriptionRoutes(app, { ...given, ...given.push, fingerprint, newId });
  reachingRoutes(app, { ...given, ...given.push, newId });
  streamRoutes(app, given);
  statsRoutes(app, given);
  oversightRoutes(app, given);
  auditRoutes(app, given);
  deadLetterRoutes(app, { ...given, fingerprint, newId });
  reportRoutes(app, given);
  windowRoutes(app, { ...given, newId });
  meRoutes(app, given);
  if (given.identity !== null) {
    identityRoutes(app, { ...given, ...given.identity, newId });
    passkeyRoutes(app, { ...given, ...given.identity });
  }
  await mapRoutes(app, given.mapTiles);
  await screenRoutes(app, given.screensDir);
  refuseOtherMethods(app, methods);
  await documentRoutes(app);
  return { app, drain: () => (draining = true) };
}

function methodsByPath(app: Api): Map<string, Set<string>> {
  const paths = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const methods = paths.get(url) ?? new Set();
    for (const each of [method].flat()) methods.add(each);
    paths.set(url, methods);
  });
  return paths;
}

/** Connections that stay open leave with their next answer, for one that is not about to go. */
function sendElsewhere(app: Api, isDraining: () => boolean): void {
  app.addHook('onSend', (_, reply, __, done) => {
    if (isDraining()) reply.header('connection', 'close');
    done();
  });
}

function measure(app: Api, metrics: ApiMetrics): void {
  app.addHook('onResponse', (request, reply, done) => {
    const labels = {
      method: request.method,
      route: request.routeOptions.url ?? 'none',
      status: String(reply.statusCode),
    };
    metrics.requestSeconds.observe(labels, reply.elapsedTime / 1000);
    done();
  });
}

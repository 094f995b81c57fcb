import { withinMs } from '#adapters/timing/withinMs.ts';
import type { ApiMetrics } from '../metrics.ts';
import type { Api } from '../requests.ts';

/** What this process leans on. Only the first kind makes it unready: the others have a way round. */
export interface Dependencies {
  readonly needed: Readonly<Record<string, () => Promise<boolean>>>;
  readonly useful: Readonly<Record<string, () => Promise<boolean>>>;
}

export interface HealthDependencies {
  readonly dependencies: Dependencies;
  readonly metrics: ApiMetrics;
  readonly isDraining: () => boolean;
}

const CHECK_TIMEOUT_MS = 1_000;

export function healthRoutes(app: Api, { dependencies, metrics, isDraining }: HealthDependencies): void {
  const open = { config: { access: 'public' as const }, schema: { hide: true } };
  app.get('/healthz', open, () => ({ status: 'alive' }));
  app.get('/readyz', open, async (_, reply) => {
    const [needed, useful] = await Promise.all([checked(dependencies.needed), checked(dependencies.useful)]);
    const isReady = !isDraining() && Object.values(needed).every(Boolean);
    const status = isDraining() ? 'draining' : isReady ? 'ready' : 'not ready';
    return await reply.code(isReady ? 200 : 503).send({ status, ...needed, ...useful });
  });
  app.get('/metrics', open, async (_, reply) => {
    const text = await metrics.registry.metrics();
    return await reply.type(metrics.registry.contentType).serializer(String).send(text);
  });
}

async function checked(checks: Dependencies['needed']): Promise<Record<string, boolean>> {
  const entries = Object.entries(checks).map(async ([name, check]) => {
    const isWell = check().catch(() => false);
    return [name, await withinMs(CHECK_TIMEOUT_MS, isWell, () => false)] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

// An actor host's preStop: its sidecar goes before it, so that placement moves the cells while their host still ends its turns (ADR 0011).
const { DAPR_HTTP_PORT, DAPR_API_TOKEN } = process.env;
const daprd = `http://127.0.0.1:${DAPR_HTTP_PORT}`;
const ask = (path, method) =>
  fetch(daprd + path, { method, headers: { 'dapr-api-token': DAPR_API_TOKEN }, signal: AbortSignal.timeout(1_000) });
const gone = () => ask('/v1.0/healthz', 'GET').then(() => false, (error) => error.name !== 'TimeoutError');
await ask('/v1.0/shutdown', 'POST').catch(() => undefined);
// daprd's graceful shutdown is 2 s; longer than this the host does not wait
const until = Date.now() + 10_000;
while (!(await gone()) && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 100));

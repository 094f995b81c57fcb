/** An actor that does nothing: what a call through daprd costs by itself. Dapr's five actor routes and our two probes. */
import Fastify from 'fastify';

const app = Fastify({ forceCloseConnections: true });
app.get('/dapr/config', () => ({ entities: ['EmptyActor'], actorIdleTimeout: '10m' }));
app.put('/actors/:type/:id/method/:method', () => ({}));
app.put('/actors/:type/:id/method/remind/:name', () => ({}));
app.put('/actors/:type/:id/method/timer/:name', () => ({}));
app.delete('/actors/:type/:id', () => ({}));
app.get('/healthz', () => ({ status: 'alive' }));
app.get('/readyz', () => ({ status: 'ready' }));
await app.listen({ host: '127.0.0.1', port: Number(process.env['APP_PORT']) });

const stop = (): void => void app.close().then(() => process.exit(0));
process.once('SIGTERM', stop);
process.once('SIGINT', stop);

/** Real servers for one test file, where it needs its own: it may kill, pause or flush them. Each starts in some 50 ms. */
import { natsSpec, natsUrl } from '../stack/infrastructure/nats.ts';
import { redisSpec, redisUrl } from '../stack/infrastructure/redis.ts';
import { valhallaSpec, valhallaUrl } from '../stack/infrastructure/valhalla.ts';
import { freePort } from '../stack/ports.ts';
import { findTools } from '../stack/tools.ts';
import { startTestServer, temporaryFolder, type TestServer } from './testServer.ts';

export { freePort } from '../stack/ports.ts';
export { until } from './until.ts';

export interface RedisProcess extends TestServer {
  readonly url: string;
}
export interface NatsProcess extends TestServer {
  readonly url: string;
}
export interface ValhallaProcess extends TestServer {
  readonly url: string;
}

/** @param save true: what it held is there again after `kill` and `restart` */
export async function startRedis(save = false): Promise<RedisProcess> {
  const command = findTools().redisServer;
  const dir = temporaryFolder('redis');
  const port = await freePort();
  const spec = redisSpec({ command, dir, port, durable: save });
  return { url: redisUrl(port), ...(await startTestServer(dir, spec)) };
}

/** With JetStream. @param options.port any free one, unless it is told */
export async function startNats(options: { maxPayloadBytes?: number; port?: number } = {}): Promise<NatsProcess> {
  const command = findTools().natsServer;
  const dir = temporaryFolder('nats');
  const { port = await freePort(), ...limits } = options;
  const spec = natsSpec({ command, dir, port, monitorPort: await freePort(), ...limits });
  return { url: natsUrl(port), ...(await startTestServer(dir, spec)) };
}

/** On Helsinki's roads, as dev/setup built them. */
export async function startValhalla(): Promise<ValhallaProcess> {
  const home = findTools().valhallaHome;
  const dir = temporaryFolder('valhalla');
  const port = await freePort();
  const spec = valhallaSpec({ home, dir, port });
  return { url: valhallaUrl(port), ...(await startTestServer(dir, spec)) };
}

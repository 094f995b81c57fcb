/** A token issuer for development: anybody on this machine gets a token of any role. Never run it anywhere else. */
import { readEnv } from '#adapters/config/env.ts';
import { createIssuer } from './app.ts';
import { IssuerEnv } from './config.ts';
import { loadKeys } from './keys.ts';

const env = readEnv(IssuerEnv, process.env);
const app = createIssuer({
  keys: await loadKeys(env.ISSUER_DIR),
  issuer: env.JWT_ISSUER_URL,
  audience: env.JWT_AUDIENCE,
});
await app.listen({ host: env.HOST, port: env.APP_PORT });

const stop = (): void => void app.close().then(() => process.exit(0));
process.once('SIGTERM', stop);
process.once('SIGINT', stop);

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import webpush from 'web-push';

/** What one stack keeps to itself; made once, in a file only its owner reads, never committed. */
export interface Secrets {
  postgresPassword: string;
  ownerPassword: string;
  appPassword: string;
  daprApiToken: string;
  appApiToken: string;
  handoverSecret: string;
  contactKeys: Record<string, string>;
  contactKeyId: string;
  vapidPublicKey: string;
  vapidPrivateKey: string;
  /** a private JWK Set: what the api signs its tokens with */
  identityKeys: string;
}

const randomWord = (): string => randomBytes(24).toString('base64url');

export function newIdentityKeys(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return JSON.stringify({ keys: [privateKey.export({ format: 'jwk' })] });
}

function newSecrets(): Secrets {
  const vapid = webpush.generateVAPIDKeys();
  return {
    postgresPassword: randomWord(),
    ownerPassword: randomWord(),
    appPassword: randomWord(),
    daprApiToken: randomWord(),
    appApiToken: randomWord(),
    handoverSecret: randomBytes(32).toString('base64url'),
    contactKeys: { dev1: randomBytes(32).toString('base64') },
    contactKeyId: 'dev1',
    vapidPublicKey: vapid.publicKey,
    vapidPrivateKey: vapid.privateKey,
    identityKeys: newIdentityKeys(),
  };
}

/** What a data folder of an older version lacks is added to it. */
export function secretsIn(dir: string): Secrets {
  const file = join(dir, 'secrets.json');
  const known = readKnown(file);
  const secrets = { ...newSecrets(), ...known };
  if (Object.keys(known).length < Object.keys(secrets).length) {
    writeFileSync(file, JSON.stringify(secrets, null, 2), { mode: 0o600 });
  }
  return secrets;
}

function readKnown(file: string): Partial<Secrets> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Partial<Secrets>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return {};
  }
}

import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CUSTOM_METRICS, EXTERNAL_METRICS, hostOf } from './aggregated.ts';

export interface Pair {
  readonly certificate: string;
  readonly key: string;
}

export interface Certificates {
  /** signs all of them */
  readonly authority: Pair;
  /** the API server's and KEDA's */
  readonly server: Pair;
  /** by which the API server shows itself to an aggregated API */
  readonly frontProxy: Pair;
  /** signs service-account tokens */
  readonly serviceAccounts: Pair;
}

export const FRONT_PROXY_NAME = 'front-proxy-client';
/** The last are what the API server calls the adapters beside it. */
const SERVER_NAMES = `subjectAltName=IP:127.0.0.1,DNS:localhost,${[EXTERNAL_METRICS, CUSTOM_METRICS].map((api) => `DNS:${hostOf(api)}`).join(',')}`;

/** For one run on the loopback: they last two days. @throws Error with what openssl says */
export function makeCertificates(dir: string): Certificates {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const pair = (name: string): Pair => ({ certificate: join(dir, `${name}.crt`), key: join(dir, `${name}.key`) });
  const authority = pair('ca');
  issue(authority, 'pahlawan-test-k8s', ['-addext', 'keyUsage=critical,keyCertSign,digitalSignature']);
  const signed = (file: string, name: string, ...extensions: string[]): Pair => {
    const made = pair(file);
    const by = ['-CA', authority.certificate, '-CAkey', authority.key, '-addext', 'basicConstraints=CA:FALSE'];
    issue(made, name, [...by, ...extensions.flatMap((extension) => ['-addext', extension])]);
    return made;
  };
  return {
    authority,
    server: signed('server', 'localhost', SERVER_NAMES, 'extendedKeyUsage=serverAuth,clientAuth'),
    frontProxy: signed('front-proxy', FRONT_PROXY_NAME, 'extendedKeyUsage=clientAuth'),
    serviceAccounts: signed('service-accounts', 'service-accounts'),
  };
}

function issue({ certificate, key }: Pair, name: string, more: readonly string[]): void {
  const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc', '-days', '2'];
  const files = ['-subj', `/CN=${name}`, '-out', certificate, '-keyout', key];
  execFileSync('openssl', [...words, ...files, ...more], { stdio: ['ignore', 'ignore', 'pipe'] });
}

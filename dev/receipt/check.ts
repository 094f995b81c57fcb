/** Is this receipt ours, and of this file? Asks nobody: `make receipt RECEIPT=… KEYS=… CSV=…` (docs/receipts.md). */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet, type JWTPayload } from 'jose';

const TYPE = 'pahlawan-receipt+jwt';

/** @returns what was signed. @throws Error saying what does not fit */
export async function checkReceipt(receipt: string, keys: JSONWebKeySet, csv: Buffer | null): Promise<JWTPayload> {
  const { payload } = await jwtVerify(receipt.trim(), createLocalJWKSet(keys), {
    typ: TYPE,
    algorithms: ['ES256'],
    requiredClaims: ['sub', 'month', 'handedOverGrams', 'csvSha256'],
  });
  const digest = csv === null ? null : createHash('sha256').update(csv).digest('hex');
  if (digest !== null && digest !== payload['csvSha256']) throw new Error('The receipt is good, but of another file.');
  return payload;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { receipt: { type: 'string' }, keys: { type: 'string' }, csv: { type: 'string' } },
  });
  const { receipt = '', keys = '', csv = '' } = values;
  if (receipt === '' || keys === '') throw new Error('Say which: RECEIPT=receipt.jws KEYS=jwks.json [CSV=report.csv]');
  const jwks = JSON.parse(readFileSync(keys, 'utf8')) as JSONWebKeySet;
  const signed = await checkReceipt(readFileSync(receipt, 'utf8'), jwks, csv === '' ? null : readFileSync(csv));
  process.stdout.write(
    `${JSON.stringify(signed, null, 2)}\nThe signature is good${csv === '' ? '' : ', and of this file'}.\n`,
  );
}

if (import.meta.main) {
  await main().catch((error: unknown) => {
    process.stderr.write(`Not good: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
}

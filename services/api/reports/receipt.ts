/** A receipt that anybody can check without asking us: a JWS (RFC 7515) under a key of /.well-known/jwks.json. */
import { createHash } from 'node:crypto';
import { SignJWT } from 'jose';
import type { Identity } from '../identity/identity.ts';

/** No access token: those need another type, an audience and an end. */
export const RECEIPT_TYPE = 'pahlawan-receipt+jwt';

export interface Receipted {
  readonly donorId: string;
  readonly name: string;
  /** YYYY-MM in the donor's zone */
  readonly month: string;
  readonly timeZone: string;
  /** false: the month was not over when it was signed */
  readonly isComplete: boolean;
  readonly handedOverGrams: number;
  readonly handovers: number;
  readonly csv: string;
}

export async function signReceipt(
  { keys, address }: Pick<Identity, 'keys' | 'address'>,
  { donorId, csv, ...told }: Receipted,
  nowMs: number,
): Promise<string> {
  const csvSha256 = createHash('sha256').update(csv, 'utf8').digest('hex');
  return await new SignJWT({ ...told, csvSha256 })
    .setProtectedHeader({ alg: 'ES256', kid: keys.kid, typ: RECEIPT_TYPE })
    .setIssuer(address.origin)
    .setSubject(`donor:${donorId}`)
    .setIssuedAt(Math.floor(nowMs / 1000))
    .sign(keys.privateKey);
}

/** Passkeys: made once signed in, then enough to sign in. https://www.w3.org/TR/webauthn-3/ */
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
  type AuthenticationResponseJSON,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  type RegistrationResponseJSON,
} from '@simplewebauthn/server';
import type { Pool } from '#adapters/postgres/pool.ts';
import {
  countPasskeyUse,
  listPasskeys,
  readPasskey,
  removePasskey,
  savePasskey,
  spendChallenge,
  type PasskeyName,
  type PasskeyRow,
} from '#adapters/postgres/sql/passkeys.ts';
import { writeAudit } from '#adapters/postgres/sql/writeAudit.ts';
import { inTransaction } from '#adapters/postgres/transaction.ts';
import { Problem } from '../problems.ts';
import { CHALLENGE_SECONDS, spentDigestOf, type Challenges } from './challenges.ts';
import type { Member } from './member.ts';
import type { PublicAddress } from './publicUrl.ts';
import { digestOf } from './secrets.ts';
import type { Sessions, SignedIn } from './sessions.ts';

export interface PasskeyDependencies {
  readonly pool: Pool;
  readonly address: PublicAddress;
  readonly challenges: Challenges;
  readonly sessions: Sessions;
  /** uuid */
  readonly newId: () => string;
}

export interface Passkeys {
  registrationOptions(member: Member, name: string): Promise<PublicKeyCredentialCreationOptionsJSON>;
  /** @throws Problem passkey-refused */
  register(member: Member, response: RegistrationResponseJSON): Promise<void>;
  list(member: Member): Promise<readonly PasskeyName[]>;
  /** @throws Problem not-found */
  remove(member: Member, credentialId: string): Promise<void>;
  authenticationOptions(): Promise<PublicKeyCredentialRequestOptionsJSON>;
  /** @throws Problem passkey-refused */
  authenticate(response: AuthenticationResponseJSON): Promise<SignedIn>;
}

const SIGN_IN = 'sign in';
const registrationOf = ({ role, subject }: Member): string => `register ${role}:${subject}`;
/** EdDSA, ES256, RS256 */
const ALGORITHMS = [-8, -7, -257];
const MAX_PASSKEYS = 50;

export function createPasskeys(given: PasskeyDependencies): Passkeys {
  const { pool, address, challenges } = given;
  const timeout = CHALLENGE_SECONDS * 1000;
  return {
    async registrationOptions(member, name) {
      const known = await listPasskeys(pool, member);
      return await generateRegistrationOptions({
        rpName: 'Pahlawan Pangan',
        rpID: address.hostname,
        userName: name,
        userDisplayName: name,
        userID: handleOf(member),
        challenge: challenges.make(registrationOf(member)),
        timeout,
        attestationType: 'none',
        excludeCredentials: known.map(({ credentialId, transports }) => ({ id: credentialId, transports })),
        authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
        supportedAlgorithmIDs: ALGORITHMS,
      });
    },
    register: async (member, response) => await register(given, member, response),
    list: (member) => listPasskeys(pool, member),
    remove: (member, credentialId) => remove(given, member, credentialId),
    authenticationOptions: async () =>
      await generateAuthenticationOptions({
        rpID: address.hostname,
        challenge: challenges.make(SIGN_IN),
        timeout,
        userVerification: 'required',
      }),
    authenticate: async (response) => await authenticate(given, response),
  };
}

/** What the authenticator knows a member by: no name, and the same one again for a second passkey. */
function handleOf({ role, subject }: Member): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(digestOf(`${role}:${subject}`));
}

async function register(given: PasskeyDependencies, member: Member, response: RegistrationResponseJSON): Promise<void> {
  const challenge = challengeOf(given, registrationOf(member));
  const { verified, registrationInfo } = await orRefused(
    verifyRegistrationResponse({
      response,
      expectedChallenge: challenge.isGood,
      expectedOrigin: given.address.origin,
      expectedRPID: given.address.hostname,
      requireUserVerification: true,
      supportedAlgorithmIDs: ALGORITHMS,
    }),
  );
  if (!verified) throw refused();
  const { id, publicKey, counter, transports = [] } = registrationInfo.credential;
  const passkey = { ...member, publicKey, signCount: counter, transports: transports.map(String) };
  await inTransaction(given.pool, async (db) => {
    await challenge.spend(db);
    if ((await listPasskeys(db, member)).length >= MAX_PASSKEYS) throw refused();
    if (!(await savePasskey(db, id, passkey))) throw refused();
    const subject = `${member.role}:${member.subject}`;
    const who = { id: given.newId(), role: member.role, actor: member.subject };
    await writeAudit(db, { ...who, action: 'passkey.register', subject, why: null, before: null, after: null });
  });
}

async function remove({ pool, newId }: PasskeyDependencies, member: Member, credentialId: string): Promise<void> {
  await inTransaction(pool, async (db) => {
    if (!(await removePasskey(db, member, credentialId)))
      throw new Problem('not-found', 'There is no such passkey of yours.');
    const { role, subject: actor } = member;
    const entry = { id: newId(), role, actor, action: 'passkey.remove', subject: `${role}:${actor}` };
    await writeAudit(db, { ...entry, why: null, before: null, after: null });
  });
}

async function authenticate(given: PasskeyDependencies, response: AuthenticationResponseJSON): Promise<SignedIn> {
  const passkey = await readPasskey(given.pool, response.id);
  // The same answer as for a wrong signature: nobody learns which passkeys there are.
  if (passkey === null || !isOf(passkey, response.response.userHandle)) throw refused();
  const challenge = challengeOf(given, SIGN_IN);
  const { verified, authenticationInfo } = await orRefused(
    verifyAuthenticationResponse({
      response,
      expectedChallenge: challenge.isGood,
      expectedOrigin: given.address.origin,
      expectedRPID: given.address.hostname,
      requireUserVerification: true,
      credential: { id: response.id, publicKey: passkey.publicKey, counter: passkey.signCount },
    }),
  );
  if (!verified) throw refused();
  return await inTransaction(given.pool, async (db) => {
    await challenge.spend(db);
    if (!(await countPasskeyUse(db, response.id, authenticationInfo.newCounter))) throw refused();
    return await given.sessions.start(db, { role: passkey.role, subject: passkey.subject });
  });
}

function isOf(passkey: PasskeyRow, userHandle: string | undefined): boolean {
  return userHandle === undefined || Buffer.from(handleOf(passkey)).equals(Buffer.from(userHandle, 'base64url'));
}

/** One challenge, as it comes back in what was signed. */
function challengeOf({ challenges }: PasskeyDependencies, purpose: string) {
  let good: { readonly challenge: string; readonly untilMs: number } | null = null;
  return {
    isGood(challenge: string): boolean {
      const untilMs = challenges.goodUntilMs(challenge, purpose);
      good = untilMs === null ? null : { challenge, untilMs };
      return good !== null;
    },
    async spend(db: Parameters<typeof spendChallenge>[0]): Promise<void> {
      if (good === null || !(await spendChallenge(db, spentDigestOf(good.challenge), good.untilMs))) throw refused();
    },
  };
}

/** The library throws for whatever does not fit; it is told nothing but what was sent, so it is the sender's. */
async function orRefused<Result>(verifying: Promise<Result>): Promise<Result> {
  return await verifying.catch(() => {
    throw refused();
  });
}

function refused(): Problem {
  return new Problem('passkey-refused', 'This passkey does not fit here. Try again, or ask for a link.');
}

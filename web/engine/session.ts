/** Who is signed in. The access token lives in memory; the refresh cookie is the browser's, and no script reads it. */
import { forgetSeen, recall, remember } from './database.ts';
import { jsonBody, request, type Answer } from './http.ts';

export type Role = 'donor' | 'recipient' | 'operator';

export interface Member {
  readonly role: Role;
  readonly organisationId: string | null;
  readonly name: string;
  readonly timeZone: string | null;
  /** photos of food are kept by this server */
  readonly photos: boolean;
  /** where this server's map is; null: it has none */
  readonly map: string | null;
  /** @see ownerOf */
  readonly owner: string;
}

interface SessionBody {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
  readonly role: Role;
  readonly organisationId: string | null;
  readonly name: string;
}

type Named = Pick<Member, 'role' | 'organisationId' | 'name'>;

/** By which what is kept here is told apart: as the server calls a member. Operators have names of their own (ADR 0030). */
function ownerOf({ role, organisationId, name }: Named): string {
  return `${role}:${organisationId ?? name}`;
}

export interface Held {
  readonly member: Member;
  readonly accessToken: string;
  readonly expiresAtMs: number;
}

/** Asked for anew this long before it ends. */
const SPARE_MS = 60_000;
const ROLES: readonly string[] = ['donor', 'recipient', 'operator'];
let held: Held | null = null;
/** as of the last answer; a full phone has it here alone */
let lastTold: Member | null = null;

const NEWS = new BroadcastChannel('session');
let changed = (): void => undefined;
NEWS.onmessage = () => {
  held = null;
  changed();
};

/** Somebody signed in or out in another tab. */
export function onSessionChange(listener: () => void): void {
  changed = listener;
}

let ended = (): void => undefined;

/** The server says that nobody is signed in here any more. */
export function onSessionEnd(listener: () => void): void {
  ended = listener;
}

/** null: nobody is signed in. @throws when the server can't be asked and no token is held */
export async function session(): Promise<Held | null> {
  if (held !== null && held.expiresAtMs - SPARE_MS > Date.now()) return held;
  // One at a time, over all tabs and the service worker: each refresh uses the cookie up.
  return await navigator.locks.request('refresh', async () => {
    // Who signs out, or in another tab, while it is renewed is not overruled: then it is asked for once more.
    for (let tries = 0; tries < 2; tries++) {
      if (held !== null && held.expiresAtMs - SPARE_MS > Date.now()) return held;
      const renewed = await renew();
      if (renewed === null || renewed === held) return renewed;
    }
    throw new Error('the session changed while it was renewed');
  });
}

async function renew(): Promise<Held | null> {
  const answer = await request('POST', '/v1/auth/refresh', jsonBody({}));
  if (answer.status === 401) {
    held = null;
    ended();
    return null;
  }
  if (!answer.ok) throw new Error(`the session could not be renewed: ${answer.code}`);
  return await hold(answer.body);
}

/** The token was refused: the next call asks for another. */
export function dropToken(): void {
  held = null;
}

/** What a sign-in or refresh answered becomes the session, unless another has become it meanwhile. */
async function hold(body: unknown): Promise<Held> {
  const { accessToken, expiresInSeconds, role, organisationId, name } = body as SessionBody;
  if (typeof accessToken !== 'string' || !ROLES.includes(role)) throw new Error('the answer holds no session');
  const owner = ownerOf({ role, organisationId, name });
  const before = lastTold ?? (await recall<Member>('member'));
  const known = before?.owner === owner ? before : null;
  const { timeZone = null, photos = false, map = null } = known ?? {};
  const member: Member = { role, organisationId, name, timeZone, photos, map, owner };
  const untold: Held = { member, accessToken, expiresAtMs: Date.now() + expiresInSeconds * 1000 };
  held = untold;
  const told: Held = { ...untold, member: { ...member, ...(await askWhatIsTold(accessToken)) } };
  if (!isHeld(untold)) return untold;
  held = told;
  lastTold = told.member;
  await remember('member', told.member);
  return told;
}

/** It may have been changed while something was waited for, which the compiler does not see. */
function isHeld(one: Held): boolean {
  return held === one;
}

/** What may change meanwhile; nothing, when the server does not say. */
async function askWhatIsTold(accessToken: string): Promise<Partial<Pick<Member, 'timeZone' | 'photos' | 'map'>>> {
  try {
    const { ok, body } = await request('GET', '/v1/me', { headers: { authorization: `Bearer ${accessToken}` } });
    if (!ok || body === null) return {};
    const { timeZone, photos, map } = body as { timeZone?: unknown; photos?: unknown; map?: unknown };
    return {
      ...(typeof timeZone === 'string' ? { timeZone } : {}),
      photos: photos === true,
      map: typeof map === 'string' ? map : null,
    };
  } catch {
    return {};
  }
}

/** Who was signed in here last: shown while the server can't be asked. */
export async function lastMember(): Promise<Member | null> {
  const last = await recall<Member>('member');
  // What was kept before operators were told apart has another owner.
  return last === null ? null : { ...last, owner: ownerOf(last) };
}

/** By link or passkey. @returns null when signed in, else the refusal */
export async function enter(path: string, body: unknown): Promise<Answer | null> {
  // A refresh under way would replace, or delete, the cookie that this brings.
  return await navigator.locks.request('refresh', async () => {
    const answer = await request('POST', path, jsonBody(body));
    if (!answer.ok) return answer;
    await hold(answer.body);
    NEWS.postMessage(null);
    return null;
  });
}

/** @param path `/v1/auth/sign-out`, or `…-everywhere`. @throws when the server can't be told: then one is still signed in */
export async function leave(path: string): Promise<void> {
  const current = await session();
  if (current !== null) {
    const answer = await request('POST', path, {
      ...jsonBody({}),
      headers: { 'content-type': 'application/json', authorization: `Bearer ${current.accessToken}` },
    });
    if (!answer.ok && answer.status !== 401) throw new Error(answer.code);
    // A database that does not open shows nothing to anybody either.
    await forgetSeen(current.member.owner).catch(() => undefined);
  }
  held = null;
  lastTold = null;
  NEWS.postMessage(null);
}

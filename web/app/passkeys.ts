/** Passkeys (WebAuthn): signing in by fingerprint, face or screen lock. */
import { startAuthentication, startRegistration } from '@simplewebauthn/browser';
import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/browser';
import { authorized } from '../engine/api.ts';
import { jsonBody, request } from '../engine/http.ts';
import { enter } from '../engine/session.ts';

/** @throws when the person declines, or the server does */
export async function savePasskey(): Promise<void> {
  const options = await authorized<PublicKeyCredentialCreationOptionsJSON>(
    'POST',
    '/v1/auth/passkeys/registration/options',
    { body: {} },
  );
  if (!options.ok) throw new Error(options.code);
  const response = await startRegistration({ optionsJSON: options.body });
  const saved = await authorized('POST', '/v1/auth/passkeys/registration', { body: { response } });
  if (!saved.ok) throw new Error(saved.code);
}

/** @throws when the person declines, or the server does */
export async function enterByPasskey(): Promise<void> {
  const options = await request('POST', '/v1/auth/passkeys/authentication/options', jsonBody({}));
  if (!options.ok) throw new Error(options.code);
  const response = await startAuthentication({ optionsJSON: options.body as PublicKeyCredentialRequestOptionsJSON });
  const refused = await enter('/v1/auth/passkeys/authentication', { response });
  if (refused !== null) throw new Error(refused.code);
}

/** Registers and changes organisations: each write with its audit row in one transaction, then the matching is told. */
import type { Sealer } from '#adapters/crypto/sealed.ts';
import { cellAt } from '#adapters/geo/s2.ts';
import type { Pool } from '#adapters/postgres/pool.ts';
import { withKeptAnswer, type AnswerKey } from '#adapters/postgres/sql/keepAnswer.ts';
import { changeOrganisation, listOrganisations } from '#adapters/postgres/sql/organisations.ts';
import { readOrganisation, registerOrganisation } from '#adapters/postgres/sql/organisations.ts';
import type { Organisation, OrganisationKind } from '#adapters/postgres/sql/organisations.ts';
import { writeAudit, type AuditEntry } from '#adapters/postgres/sql/writeAudit.ts';
import { inTransaction } from '#adapters/postgres/transaction.ts';
import { regionOf, signedIdOf } from '#core/geo/cell.ts';
import type { Principal } from '../auth/principal.ts';
import { keptOf } from '../idempotency/keptOf.ts';
import { Problem } from '../problems.ts';
import type { ChangeBody, OrganisationBody } from '../schemas/organisations.ts';
import { changesOf, openContact, organisationView, sealedContact, toldOf, type ParseHours } from './told.ts';

export interface OrganisationStoreDependencies {
  readonly pool: Pool;
  readonly sealer: Sealer;
  readonly parseHours: ParseHours;
  readonly newId: () => string;
  /** the candidates in Redis; a failure is mended by their keeper */
  readonly recipientChanged: (id: string) => Promise<void>;
  readonly forget: (kind: OrganisationKind, id: string) => void;
}

/** Who does it, and why, for the audit log. */
export interface Actor {
  readonly principal: Principal;
  readonly why: string | null;
}

export type OrganisationView = ReturnType<typeof organisationView> & { readonly contact?: object | null };

export interface OrganisationStore {
  register(kind: OrganisationKind, body: OrganisationBody, key: AnswerKey, actor: Actor): Promise<OrganisationView>;
  read(kind: OrganisationKind, id: string): Promise<OrganisationView>;
  list(kind: OrganisationKind, page: { readonly afterId: string; readonly limit: number }): Promise<OrganisationView[]>;
  /** @param ifVersion null: whatever its version */
  change(
    kind: OrganisationKind,
    id: string,
    body: ChangeBody,
    ifVersion: number | null,
    actor: Actor,
  ): Promise<OrganisationView>;
  /** An operator's pause, or its end. */
  pause(kind: OrganisationKind, id: string, paused: boolean, key: AnswerKey, actor: Actor): Promise<OrganisationView>;
  contactOf(donorId: string): Promise<object | null>;
}

export function createOrganisationStore(given: OrganisationStoreDependencies): OrganisationStore {
  const { pool, sealer, parseHours } = given;

  async function register(kind: OrganisationKind, body: OrganisationBody, key: AnswerKey, actor: Actor) {
    const registration = {
      ...body.location,
      id: body.id,
      name: body.name,
      homeRegionId: signedIdOf(regionOf(cellAt(body.location))),
      contact: sealedContact(sealer, kind, body.id, body.contact) ?? null,
      told: withDefaults(kind, await toldOf(body, parseHours)),
    };
    const kept = await withKeptAnswer(pool, key, async (db) => {
      const organisation = await registerOrganisation(db, kind, registration);
      if (organisation === null) throw new Problem('already-exists', `There is a ${kind} ${body.id} already.`);
      const view = organisationView(organisation);
      await writeAudit(db, auditEntry(given.newId(), actor, `${kind}.register`, `${kind}:${body.id}`, null, view));
      return view;
    });
    const view = keptOf(kept);
    await changed(given, kind, body.id);
    return view;
  }

  async function change(kind: OrganisationKind, id: string, body: ChangeBody, ifVersion: number | null, actor: Actor) {
    const asked = await toldOf(body, parseHours);
    const contact = sealedContact(sealer, kind, id, body.contact);
    const after = await inTransaction(pool, async (db) => {
      const before = found(kind, await readOrganisation(db, kind, id, true));
      if (ifVersion !== null && ifVersion !== before.version) {
        throw new Problem('stale-version', `It is at version ${String(before.version)}; read it again.`);
      }
      const told = withPause(asked, before, actor.principal);
      const now = await changeOrganisation(db, kind, id, { told, contact });
      const changes = changesOf(before, now, contact !== undefined);
      await writeAudit(
        db,
        auditEntry(given.newId(), actor, `${kind}.change`, `${kind}:${id}`, changes.before, changes.after),
      );
      return now;
    });
    await changed(given, kind, id);
    return { ...organisationView(after), contact: openContact(sealer, kind, after) };
  }

  async function read(kind: OrganisationKind, id: string) {
    const organisation = found(kind, await readOrganisation(pool, kind, id));
    return { ...organisationView(organisation), contact: openContact(sealer, kind, organisation) };
  }

  return {
    register,
    change,
    pause: (kind, id, paused, key, actor) => pause(given, kind, id, paused, key, actor),
    read,
    list: async (kind, page) => (await listOrganisations(pool, kind, page)).map(organisationView),
    contactOf: async (donorId) => {
      const donor = await readOrganisation(pool, 'donor', donorId);
      return donor === null ? null : openContact(sealer, 'donor', donor);
    },
  };
}

async function pause(
  given: OrganisationStoreDependencies,
  kind: OrganisationKind,
  id: string,
  paused: boolean,
  key: AnswerKey,
  actor: Actor,
): Promise<OrganisationView> {
  const kept = await withKeptAnswer(given.pool, key, async (db) => {
    const before = found(kind, await readOrganisation(db, kind, id, true));
    const told = { active: !paused, pausedByOperator: paused };
    const after = await changeOrganisation(db, kind, id, { told, contact: undefined });
    const changes = changesOf(before, after, false);
    const action = `${kind}.${paused ? 'pause' : 'resume'}`;
    await writeAudit(db, auditEntry(given.newId(), actor, action, `${kind}:${id}`, changes.before, changes.after));
    return organisationView(after);
  });
  const view = keptOf(kept);
  await changed(given, kind, id);
  return view;
}

/** @throws Problem role-not-allowed when an organisation would end an operator's pause */
function withPause(told: Record<string, unknown>, before: Organisation, principal: Principal): Record<string, unknown> {
  if (told['active'] === undefined) return told;
  if (principal.role === 'operator') return { ...told, pausedByOperator: told['active'] === false };
  if (told['active'] === true && before.told['pausedByOperator'] === true) {
    throw new Problem('role-not-allowed', 'An operator paused you; ask them to resume.');
  }
  return told;
}

function withDefaults(kind: OrganisationKind, told: Record<string, unknown>): Record<string, unknown> {
  const always = [[0, 7 * 24 * 60]];
  const defaults = { active: true, hours: always, openingHours: null, categories: [] };
  return kind === 'donor' ? { ...defaults, ...told } : { ...defaults, needs: {}, fallback: false, ...told };
}

function found(kind: OrganisationKind, organisation: Organisation | null): Organisation {
  if (organisation === null) throw new Problem('not-found', `There is no such ${kind} of yours.`);
  return organisation;
}

function auditEntry(
  id: string,
  { principal, why }: Actor,
  action: string,
  subject: string,
  before: object | null,
  after: object,
): AuditEntry {
  const actor = principal.scope.slice(principal.scope.indexOf(':') + 1);
  return { id, role: principal.role, actor, action, subject, why, before, after };
}

/** Best effort: the write is done. */
async function changed(given: OrganisationStoreDependencies, kind: OrganisationKind, id: string): Promise<void> {
  given.forget(kind, id);
  if (kind === 'recipient') await given.recipientChanged(id).catch(() => undefined);
}

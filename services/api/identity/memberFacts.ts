import type { Pool } from '#adapters/postgres/pool.ts';
import { readOrganisation } from '#adapters/postgres/sql/organisations.ts';
import { Problem } from '../problems.ts';
import type { Member } from './member.ts';

export interface MemberFacts {
  readonly role: Member['role'];
  readonly organisationId: string | null;
  /** the organisation's, or the operator's own */
  readonly name: string;
  readonly timeZone: string | null;
}

/** @throws Problem organisation-unknown */
export async function factsOf(pool: Pool, { role, subject }: Member): Promise<MemberFacts> {
  if (role === 'operator') return { role, organisationId: null, name: subject, timeZone: null };
  const organisation = await readOrganisation(pool, role, subject);
  if (organisation === null) throw new Problem('organisation-unknown', `There is no ${role} of this id any more.`);
  return { role, organisationId: subject, name: organisation.name, timeZone: String(organisation.told['timeZone']) };
}

/** Who signs in: an organisation in one role, or an operator by name. */
import type { MemberRow } from '#adapters/postgres/sql/signInLinks.ts';
import type { Principal } from '../auth/principal.ts';

/** `role` and `subject` are what a principal's scope is made of. */
export type Member = MemberRow;

export function memberOf(principal: Principal): Member {
  return { role: principal.role, subject: principal.scope.slice(principal.role.length + 1) };
}

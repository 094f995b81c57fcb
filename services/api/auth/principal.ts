import type { DonorId, RecipientId } from '#core/words/ids.ts';

export const ROLES = ['donor', 'recipient', 'operator'] as const;
export type Role = (typeof ROLES)[number];

/** Who asks: one organisation in one role, or an operator. */
export type Principal =
  | { readonly role: 'donor'; readonly id: DonorId; readonly scope: string }
  | { readonly role: 'recipient'; readonly id: RecipientId; readonly scope: string }
  | { readonly role: 'operator'; readonly id: null; readonly scope: string };

/** Who may call a route: nobody by default, everybody only by saying so. */
export type Access = 'public' | readonly Role[];

/** @param subject the token's `sub`; names an operator, who belongs to no organisation */
export function principalOf(role: Role, organisation: string | null, subject: string): Principal {
  if (role === 'operator') return { role, id: null, scope: `operator:${subject}` };
  const scope = `${role}:${String(organisation)}`;
  if (role === 'donor') return { role, id: organisation as DonorId, scope };
  return { role, id: organisation as RecipientId, scope };
}

import { createHash } from 'node:crypto';

/**
 * Whose region it is, by the highest hash of member and region (rendezvous hashing, Thaler and Ravishankar 1998): all
 * members come to the same answer without talking, and when one leaves only its own regions move.
 * Two members that see different lists may both take a region or, for a second, neither: waking is idempotent.
 */
export function shareOf(members: readonly string[], region: string): string | null {
  let best: { member: string; weight: string } | null = null;
  for (const member of members) {
    const weight = createHash('sha256').update(`${member}|${region}`).digest('hex');
    if (best === null || weight > best.weight) best = { member, weight };
  }
  return best?.member ?? null;
}

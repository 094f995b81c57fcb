/** The cookie is sent by pages of this very site alone (SameSite=Strict); neighbours on the same domain are refused here. */
import type { FastifyRequest } from 'fastify';
import { Problem } from '../problems.ts';

/** Browsers say it of themselves, scripts can't set it; whoever isn't a browser has no cookie of somebody else's. */
const OWN = new Set(['same-origin', 'none']);

/** @throws Problem other-site */
export async function refuseOtherSites(request: Pick<FastifyRequest, 'headers'>): Promise<void> {
  const site = request.headers['sec-fetch-site'];
  if (site === undefined || OWN.has(String(site))) return;
  throw new Problem('other-site', 'Signing in is for our own pages. Open the app at its own address.');
}

import type { LookupAddress, LookupOptions } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { createLimit } from '../batching/limit.ts';

/** A push endpoint is a URL somebody else chose: our servers must not be talked into calling our own network. */
// apart, for a BlockList compares IPv4 addresses with IPv6 subnets too
const PRIVATE = { 4: new BlockList(), 6: new BlockList() };
const LOOPBACK = new BlockList();
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const) {
  PRIVATE[4].addSubnet(net, prefix, 'ipv4');
}
/** Of IPv6 only global unicast (2000::/3) is public, without documentation, tunnels and translations to IPv4. */
for (const [net, prefix] of [
  ['::', 3],
  ['2001::', 32],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['4000::', 2],
  ['8000::', 1],
] as const) {
  PRIVATE[6].addSubnet(net, prefix, 'ipv6');
}
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

export interface EndpointRules {
  /** tests and demos: http on loopback, and nothing else besides the ordinary */
  readonly allowLocal: boolean;
}

const MAX_LENGTH = 2_048;

/** Why this URL is no push endpoint of ours; null: it may be tried (its addresses are looked at when connecting). */
export function endpointProblem(text: string, rules: EndpointRules): string | null {
  const url = text.length <= MAX_LENGTH && URL.canParse(text) ? new URL(text) : null;
  if (url === null) return 'no URL of at most 2,048 characters';
  if (url.username !== '' || url.password !== '') return 'a URL with credentials';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (rules.allowLocal && (host === 'localhost' || isLoopback(host))) return null;
  if (url.protocol !== 'https:') return 'not https';
  if (isIP(host) !== 0 && !isAllowedAddress(host, { allowLocal: false })) return 'a private address';
  return null;
}

/** @param address an IPv4 or IPv6 address as text */
export function isAllowedAddress(address: string, rules: EndpointRules): boolean {
  if (rules.allowLocal && isLoopback(address)) return true;
  const family = isIP(address);
  // v4 in v6 clothes lies in ::/3
  return family === 4 ? !PRIVATE[4].check(address, 'ipv4') : family === 6 && !PRIVATE[6].check(address, 'ipv6');
}

function isLoopback(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && LOOPBACK.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** Of libuv's four threads, in which names of our own servers are resolved, too: somebody's name servers that do not answer must not take all. */
const LOOKUPS_AT_ONCE = 3;

type Find = typeof lookup;

/**
 * Resolves names as usual, each once for all who ask meanwhile, but refuses private addresses, at the moment of connecting: a name can change
 * its mind.
 */
export function guardedLookup(rules: EndpointRules, find: Find = lookup): LookupFunction {
  const few = createLimit(LOOKUPS_AT_ONCE);
  const underWay = new Map<string, Promise<LookupAddress[]>>();
  const addressesOf = (hostname: string, options: LookupOptions): Promise<LookupAddress[]> => {
    const key = `${hostname} ${JSON.stringify(options)}`;
    const known = underWay.get(key);
    if (known !== undefined) return known;
    const asked = few(() => find(hostname, { ...options, all: true })).finally(() => underWay.delete(key));
    underWay.set(key, asked);
    return asked;
  };
  return (hostname, options, callback) => {
    const found = (addresses: readonly LookupAddress[]): void => {
      const refused = addresses.find(({ address }) => !isAllowedAddress(address, rules));
      const first = addresses[0];
      if (refused !== undefined || first === undefined) callback(new Error(`${hostname} has a private address`), '', 0);
      else if (options.all === true) callback(null, [...addresses]);
      else callback(null, first.address, first.family);
    };
    addressesOf(hostname, options).then(found, (error: NodeJS.ErrnoException) => callback(error, '', 0));
  };
}

/** Where people find us: it names our tokens' issuer, binds passkeys, and says whether a cookie may travel without TLS. */
export interface PublicAddress {
  /** scheme, host and port, as browsers say it */
  readonly origin: string;
  readonly hostname: string;
  readonly isSecure: boolean;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** @throws Error when it is no address that signing in can work on */
export function publicAddressOf(url: string): PublicAddress {
  const { origin, hostname, protocol, pathname } = URL.parse(url) ?? {};
  if (origin === undefined || hostname === undefined || !['http:', 'https:'].includes(protocol ?? '')) {
    throw new Error('PUBLIC_URL must be the address people open, such as https://food.example');
  }
  if (pathname !== '/') throw new Error('PUBLIC_URL must have no path: the app is served at the root');
  if (protocol === 'http:' && !LOOPBACK.test(hostname)) {
    throw new Error('PUBLIC_URL must be https: browsers keep neither passkeys nor our cookie without it');
  }
  return { origin, hostname, isSecure: protocol === 'https:' };
}

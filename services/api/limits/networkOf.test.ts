import assert from 'node:assert/strict';
import { it } from 'node:test';
import { networkOf } from './networkOf.ts';

it('an IPv4 address is one caller, of IPv6 a /64 is, however it is spelt', () => {
  const networks = {
    '192.0.2.7': '192.0.2.7',
    '::ffff:192.0.2.7': '192.0.2.7',
    '2001:db8:1:2:3:4:5:6': '2001:db8:1:2::/64',
    '2001:0DB8:0001:0002::9': '2001:db8:1:2::/64',
    '2001:db8::9': '2001:db8:0:0::/64',
    '::1': '0:0:0:0::/64',
    'fe80::1%eth0': 'fe80:0:0:0::/64',
  };
  for (const [address, network] of Object.entries(networks)) assert.equal(networkOf(address), network);
});

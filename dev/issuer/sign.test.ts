import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { decodeJwt } from 'jose';
import { loadKeys } from './keys.ts';
import { LIFETIME_SECONDS, signToken } from './sign.ts';

/** A second goes by between any two looks at the clock. */
function slowClock(): () => void {
  const real = globalThis.Date;
  let aheadMs = 0;
  globalThis.Date = class extends real {
    constructor() {
      super(real.now() + (aheadMs += 1_000));
    }
    static override now = (): number => real.now() + (aheadMs += 1_000);
  } as DateConstructor;
  return () => (globalThis.Date = real);
}

it('no token lives longer than is accepted, however slowly it is signed', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'issuer-'));
  const options = { keys: await loadKeys(dir), issuer: 'http://127.0.0.1', audience: 'test' };
  const restore = slowClock();
  try {
    const { iat = 0, exp = 0 } = decodeJwt(await signToken({ role: 'operator', org: null, alg: 'ES256' }, options));
    assert.equal(exp - iat, LIFETIME_SECONDS);
  } finally {
    restore();
    rmSync(dir, { recursive: true });
  }
});

import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { allPrivileges } from '../../../src/access/caller.ts';
import { noCredential } from '../../../src/revocation/credential.ts';
import { openIdentity, type Identified, type OpenIdentity } from '../../../src/server/auth/identity.ts';
import { TokenCache } from '../../../src/server/auth/token-cache.ts';
import { readableLog } from '../test-service.ts';

const identified = (expiresAt: number | null = null): Identified => ({
  caller: { partitionId: 5n, privileges: new Set(allPrivileges) },
  by: 'token',
  expiresAt,
  credential: noCredential,
});

describe('a cached token', () => {
  let now = 1_000;
  let revocations = { epoch: 0 };
  let known: TokenCache<Identified>;
  beforeEach(() => {
    [now, revocations] = [1_000, { epoch: 0 }];
    known = new TokenCache({ now: () => now, revocations, maxAgeMilliseconds: 60_000 });
  });

  it('is found by its exact text', () => {
    const who = identified();
    known.set('a.b.c', { identified: who, epoch: revocations.epoch });
    expect(known.get('a.b.c')?.identified).toBe(who);
    expect(known.get('a.b.C')).toBeUndefined();
  });

  it('is not found after its expiry, nor after a minute', () => {
    known.set('short', { identified: identified(5_000), epoch: revocations.epoch });
    known.set('long', { identified: identified(), epoch: revocations.epoch });
    now = 4_999;
    expect(known.get('short')).toBeDefined();
    now = 5_000;
    expect(known.get('short')).toBeUndefined();
    now = 60_999;
    expect(known.get('long')).toBeDefined();
    now = 61_000;
    expect(known.get('long')).toBeUndefined();
    expect(known.size).toBe(0);
  });

  it('is not found if the clock was set back to before its verification', () => {
    known.set('a', { identified: identified(), epoch: revocations.epoch });
    now = 999;
    expect(known.get('a')).toBeUndefined();
  });

  it('is not found after keys may have changed, also if they changed during its verification', () => {
    known.set('a', { identified: identified(), epoch: revocations.epoch });
    const before = revocations.epoch;
    revocations.epoch += 1;
    known.set('b', { identified: identified(), epoch: before });
    expect([known.get('a'), known.get('b')]).toEqual([undefined, undefined]);
  });

  it('is removed when 10,000 newer ones are cached', () => {
    for (let n = 0; n <= 10_000; n += 1)
      known.set(`token ${n}`, { identified: identified(), epoch: revocations.epoch });
    expect(known.size).toBe(10_000);
    expect(known.get('token 0')).toBeUndefined();
    expect(known.get('token 10000')).toBeDefined();
  });
});

describe('an identity method', () => {
  const secret = new TextEncoder().encode('the secret of known tokens, long enough');
  const unchecked = { issuer: null, audience: null };
  const sign = (claims: object) =>
    new SignJWT({ hv_partition: '5', ...claims }).setProtectedHeader({ alg: 'HS256' });
  afterEach(() => vi.restoreAllMocks());

  it('verifies a token once, and reports when it has expired', async () => {
    let now = 1_700_000_000_000;
    const world = { log: readableLog().log, now: () => now };
    const identity = await openIdentity({ method: { kind: 'secret', secret }, ...unchecked }, world);
    const token = await sign({ exp: now / 1_000 + 30 }).sign(secret);
    const verify = vi.spyOn(crypto.subtle, 'verify');
    const first = await identity.authenticate(`Bearer ${token}`);
    const calls = verify.mock.calls.length;
    expect(calls).toBe(1);
    expect(await identity.authenticate(`bearer  ${token}`)).toBe(first);
    expect(verify.mock.calls.length).toBe(calls);
    now += 30_000;
    await expect(identity.authenticate(`Bearer ${token}`)).rejects.toThrow(/expired/);
    // A token with the same claims but another signature is not known.
    const forged = `${token.slice(0, token.lastIndexOf('.'))}.${'A'.repeat(43)}`;
    now -= 30_000;
    await expect(identity.authenticate(`Bearer ${forged}`)).rejects.toThrow(/signature/);
  });

  describe('with a key set', () => {
    let server: Server;
    let keys: object[];
    let identity: OpenIdentity;
    const now = 1_700_000_000_000;
    beforeEach(async () => {
      server = createServer((_, response) => response.end(JSON.stringify({ keys })));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      const world = { log: readableLog().log, now: () => now };
      identity = await openIdentity({ method: { kind: 'jwks', url }, ...unchecked }, world);
    });
    afterEach(() => {
      server.close();
      identity.close();
    });

    it('rejects a cached token after its key was withdrawn', async () => {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      keys = [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256' }];
      const token = await new SignJWT({ hv_partition: '5' })
        .setProtectedHeader({ alg: 'ES256', kid: 'one' })
        .sign(privateKey);
      await identity.authenticate(`Bearer ${token}`);
      keys = [];
      await identity.renewKeys();
      await expect(identity.authenticate(`Bearer ${token}`)).rejects.toThrow();
    });
  });
});

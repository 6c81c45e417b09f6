/** A token has one spelling: another one of the same signature would be another token to caches and revocation lists. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { IdentityMethod } from '../../../src/server/auth/identity-key.ts';
import { emptyRevocationList } from '../../../src/revocation/revocation-list.ts';
import { Revocations } from '../../../src/revocation/revocations.ts';
import { openIdentity } from '../../../src/server/auth/identity.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { readableLog, startTestService, type TestService } from '../test-service.ts';
import { listenerTransports } from '../transport.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());

const refusal = "The token's signature is not written as base64url has it, without padding and unused bits.";
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const bytesOf = (token: string): Buffer => Buffer.from(token.slice(token.lastIndexOf('.') + 1), 'base64url');

/** The same token with every other last character that gives the same bytes. */
function withUnusedBits(token: string): string[] {
  const bytes = bytesOf(token);
  return Array.from(alphabet, (character) => token.slice(0, -1) + character).filter(
    (other) => other !== token && bytesOf(other).equals(bytes),
  );
}

function keyPair(kind: 'EC' | 'Ed25519' | 'RSA'): {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
} {
  if (kind === 'RSA') return generateKeyPairSync('rsa', { modulusLength: 2048 });
  return kind === 'EC' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519');
}

const secret = new Uint8Array(32).fill(9);
const keys: Readonly<
  Record<string, () => { readonly method: IdentityMethod; readonly key: KeyObject | Uint8Array }>
> = {
  HS256: () => ({ method: { kind: 'secret', secret }, key: secret }),
  ...Object.fromEntries(
    (['EC', 'Ed25519', 'RSA'] as const).map((kind) => [
      { EC: 'ES256', Ed25519: 'EdDSA', RSA: 'RS256' }[kind],
      () => {
        const { privateKey, publicKey } = keyPair(kind);
        const text = publicKey.export({ format: 'pem', type: 'spki' }).toString();
        return { method: { kind: 'key-file', path: folder.write(kind, text) }, key: privateKey };
      },
    ]),
  ),
};

describe.each(Object.entries(keys))('a token signed by %s', (alg, make) => {
  it('is refused with any other encoding of its signature', async () => {
    const { method, key } = make();
    const { log } = readableLog();
    const identity = await openIdentity(
      { method, issuer: null, audience: null },
      { log, now: () => Date.now() },
    );
    const token = await new SignJWT({ hv_partition: '1' }).setProtectedHeader({ alg }).sign(key);
    expect((await identity.authenticate(`Bearer ${token}`)).caller.partitionId).toBe(1n);
    const others = withUnusedBits(token);
    expect(others.length).toBeGreaterThanOrEqual(3);
    for (const other of others)
      await expect((async () => identity.authenticate(`Bearer ${other}`))()).rejects.toMatchObject({
        code: 'UNAUTHENTICATED',
        message: refusal,
      });
    await expect((async () => identity.authenticate(`Bearer ${token}==`))()).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
  });
});

/** The other signature that ECDSA takes for the same: n - s in place of s (SEC 1, 4.1.4), n being the order of P-256. */
function twin(token: string): string {
  const n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const bytes = bytesOf(token);
  const s = n - BigInt(`0x${bytes.subarray(32).toString('hex')}`);
  const other = Buffer.concat([bytes.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')]);
  return `${token.slice(0, token.lastIndexOf('.') + 1)}${other.toString('base64url')}`;
}

describe('a token signed by ES256', () => {
  it('has two valid signatures, either of which signers produce: both are accepted, and both are revoked with their jti', async () => {
    const { privateKey, publicKey } = keyPair('EC');
    const path = folder.write('twin', publicKey.export({ format: 'pem', type: 'spki' }).toString());
    const revocations = new Revocations();
    const identity = await openIdentity(
      { method: { kind: 'key-file', path }, issuer: null, audience: null },
      { log: readableLog().log, now: () => Date.now(), revocations },
    );
    const sign = (): Promise<string> =>
      new SignJWT({ hv_partition: '1', jti: 'a' }).setProtectedHeader({ alg: 'ES256' }).sign(privateKey);
    const tokens = await Promise.all(Array.from({ length: 64 }, sign));
    // The upper half of s, which low-s rules refuse: every second signature of a signer that does not know of them.
    const high = tokens.filter((token) => (bytesOf(token)[32] ?? 0) >= 0x80);
    expect(high.length).toBeGreaterThan(0);
    expect(high.length).toBeLessThan(64);
    const [token = ''] = high;
    for (const each of [token, twin(token)])
      expect((await identity.authenticate(`Bearer ${each}`)).caller.partitionId).toBe(1n);
    revocations.replace({ ...emptyRevocationList, tokenIds: new Set(['a']) });
    for (const each of [token, twin(token)])
      await expect((async () => identity.authenticate(`Bearer ${each}`))()).rejects.toThrow(
        'has been revoked',
      );
  });
});

describe('a token in another encoding', () => {
  let service: TestService;
  beforeEach(async () => {
    service = await startTestService();
  });
  afterEach(() => service.close());

  it.each(Object.entries(listenerTransports))('is refused by %s', async (_transport, send) => {
    const [other = ''] = withUnusedBits(service.rootToken);
    const question = { parameters: { query: '{ hello }' } };
    const answer = await send({ place: { url: service.url }, token: other }, question);
    answer.end();
    expect([401, 4401, 4403]).toContain(answer.status);
    expect(answer.errors?.[0]?.message).toContain('signature');
    const good = await send({ place: { url: service.url }, token: service.rootToken }, question);
    good.end();
    expect(good.data).toEqual({ hello: 'world' });
  });
});

import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { exportJWK, SignJWT, UnsecuredJWT, type JWTPayload, type JWK } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HvqlError, type ErrorCode } from '../../../src/errors.ts';
import type { IdentityMethod } from '../../../src/server/auth/identity-key.ts';
import { openIdentity, type Identity, type OpenIdentity } from '../../../src/server/auth/identity.ts';
import type { KeySetTimes } from '../../../src/server/auth/remote-key-set.ts';
import { until } from '../../until.ts';
import { readableLog } from '../test-service.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const now = Date.parse('2026-11-20T10:00:00.000Z');
const nowInSeconds = now / 1_000;
const secret = new TextEncoder().encode('0123456789abcdef0123456789abcdef');
const { log, lines } = readableLog();
const folder = temporaryFolder();

/** Node reads certificates but cannot make them: a key for this test alone, and its self-signed certificate. */
const certificateKey = createPrivateKey({
  format: 'jwk',
  key: {
    kty: 'EC',
    crv: 'P-256',
    x: 'kpsZXSFQwSl30kiCCqlf4kOV61T8LtTUALTkVePRFvo',
    y: 'NLUlQLgT43g36JqCjXDQgEo0ih8Re2lIqGMHAX7-myk',
    d: 'Jurz9IMbbsp-JDA817AUKL62x7V0nXiINon8uIajtHo',
  },
});
const certificate = `-----BEGIN CERTIFICATE-----
MIIBfzCCASWgAwIBAgIUfYwOj+4nCvAF3Z8XhkwtzQgBCTswCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJaHZxbC10ZXN0MCAXDTI2MTEyMzE3NDkyMloYDzIxMjYxMDMw
MTc0OTIyWjAUMRIwEAYDVQQDDAlodnFsLXRlc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASSmxldIVDBKXfSSIIKqV/iQ5XrVPwu1NQAtORV49EW+jS1JUC4E+N4
N+iago1w0IBKNIofEXtpSKhjBwF+/pspo1MwUTAdBgNVHQ4EFgQUI8GQNNpncFs4
9jwirnzww6AnbLMwHwYDVR0jBBgwFoAUI8GQNNpncFs49jwirnzww6AnbLMwDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEAqsUb2m6Coc19VxMCBfMS
vYlaPyPrAJtujpAkpWTPN+gCIE4NBj0+5QaBKWg20izV8TdOtDWZkyzzL7DAm5fS
/lCj
-----END CERTIFICATE-----`;

const open = (
  method: IdentityMethod,
  checks: { issuer?: string; audience?: string } = {},
): Promise<Identity> =>
  openIdentity(
    { method, issuer: checks.issuer ?? null, audience: checks.audience ?? null },
    { log, now: () => now, hostName: () => 'web-17' },
  );
/** An identity over a key set, whose ages are measured by the test's clock, and which closes with the suite. */
const openSet = async (url: URL, times: Partial<KeySetTimes> = {}): Promise<OpenIdentity> => {
  const identity = await openIdentity(
    { method: { kind: 'jwks', url }, issuer: null, audience: null },
    { log, now: () => now, keySetTimes: times },
  );
  opened.push(identity);
  return identity;
};
const opened: OpenIdentity[] = [];
const sign = (
  claims: JWTPayload,
  header: { alg: string; kid?: string },
  key: KeyObject | Uint8Array,
): Promise<string> => new SignJWT(claims).setProtectedHeader(header).sign(key);
const hs256 = (claims: JWTPayload): Promise<string> => sign(claims, { alg: 'HS256' }, secret);
const root = { hv_partition: '1' };

/** The message that a token is refused with. */
async function refusal(
  identity: Identity,
  token: string,
  expected: ErrorCode = 'UNAUTHENTICATED',
): Promise<string> {
  try {
    await identity.authenticate(`Bearer ${token}`);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(HvqlError);
    const { code, message } = thrown as HvqlError;
    expect(code).toBe(expected);
    if (token.length > 40) expect(message).not.toContain(token.slice(-20));
    return message;
  }
  throw new Error('the token was not refused');
}

afterAll(() => {
  folder.remove();
  for (const identity of opened) identity.close();
  for (const line of lines) expect(line).not.toMatch(/ey[A-Za-z0-9_-]{20}/);
});

describe('a token signed with the secret', () => {
  it.each(['HS256', 'HS384', 'HS512'])('with %s identifies the caller', async (alg) => {
    const identity = await open({ kind: 'secret', secret });
    const token = await sign({ hv_partition: '5', exp: nowInSeconds + 60 }, { alg }, secret);
    expect(await identity.authenticate(`Bearer ${token}`)).toMatchObject({
      caller: { partitionId: 5n, privileges: new Set(['ACCESS_STATS', 'ACCESS_STATS_MSR']) },
      by: 'token',
      expiresAt: now + 60_000,
    });
    expect((await identity.authenticate(`bearer  ${token} `)).caller.partitionId).toBe(5n);
  });

  it.each([
    [['ACCESS_STATS'], ['ACCESS_STATS']],
    [['ACCESS_STATS_MSR', 'ACCESS_STATS_MSR'], ['ACCESS_STATS_MSR']],
    [[], []],
  ])('has the privileges %j that it names', async (hv_privileges, privileges) => {
    const identity = await open({ kind: 'secret', secret });
    const identified = await identity.authenticate(`Bearer ${await hs256({ ...root, hv_privileges })}`);
    expect(identified).toMatchObject({
      caller: { partitionId: 1n, privileges: new Set(privileges) },
      by: 'token',
      expiresAt: null,
    });
  });

  it('may name the largest possible partition id', async () => {
    const identity = await open({ kind: 'secret', secret });
    const token = await hs256({ hv_partition: '18446744073709551615' });
    expect((await identity.authenticate(`Bearer ${token}`)).caller.partitionId).toBe(2n ** 64n - 1n);
  });

  it.each(['web-17', ['web-1', 'web-17'], '*'])('may name the host: %j', async (hv_host) => {
    const identity = await open({ kind: 'secret', secret });
    const token = await hs256({ hv_partition: 'root', hv_host });
    expect((await identity.authenticate(`Bearer ${token}`)).caller.partitionId).toBe('root');
  });

  it.each([
    [
      {},
      'The token lacks the claim hv_partition: expected the caller\'s partition id as a decimal string, such as "5", or "root".',
    ],
    [
      { hv_partition: 5 },
      'The token\'s claim hv_partition is 5: expected the caller\'s partition id as a decimal string, such as "5", or "root".',
    ],
    [
      { hv_partition: '0' },
      'The token\'s claim hv_partition is "0": expected the caller\'s partition id as a decimal string, such as "5", or "root".',
    ],
    [{ hv_partition: '05' }, /^The token's claim hv_partition is "05": /],
    [{ hv_partition: '-1' }, /^The token's claim hv_partition is "-1": /],
    [{ hv_partition: ' 1' }, /^The token's claim hv_partition is " 1": /],
    [{ hv_partition: '' }, /^The token's claim hv_partition is "": /],
    [{ hv_partition: '1e3' }, /hv_partition/],
    [{ hv_partition: '18446744073709551616' }, /hv_partition is "18446744073709551616"/],
    [{ hv_partition: null }, /hv_partition is null/],
    [{ hv_partition: ['1'] }, /hv_partition is \["1"\]/],
    [
      { ...root, hv_privileges: 'ACCESS_STATS' },
      'The token\'s claim hv_privileges is "ACCESS_STATS": expected an array of ACCESS_STATS and ACCESS_STATS_MSR, which may be empty.',
    ],
    [{ ...root, hv_privileges: null }, /hv_privileges is null/],
    [
      { ...root, hv_privileges: ['ACCESS_STATS', 'ROOT'] },
      'The token\'s claim hv_privileges holds "ROOT": expected an array of ACCESS_STATS and ACCESS_STATS_MSR, which may be empty.',
    ],
    [{ ...root, hv_privileges: [1] }, /hv_privileges holds 1/],
    [{ ...root, hv_host: 'web-18' }, `The token's claim hv_host is ["web-18"]: this is the host "web-17".`],
    [
      { ...root, hv_host: ['web-1', 'web-18'] },
      /^The token's claim hv_host is \["web-1","web-18"\]: this is/,
    ],
    ...['', 'Web-17', 'web-17 ', ['*'], ['web-17', 5], [], null, {}].map((hv_host): [object, RegExp] => [
      { ...root, hv_host },
      /^The token's claim hv_host is .*: expected a host name of 1 to 63 .*, an array of them, or "\*" for all hosts\.$/,
    ]),
    [{ ...root, exp: nowInSeconds - 1 }, 'The token expired at 2026-11-20T09:59:59.000Z.'],
    [{ ...root, exp: nowInSeconds }, 'The token expired at 2026-11-20T10:00:00.000Z.'],
    [{ ...root, exp: 'soon' as unknown as number }, `The token's claim exp is "soon", which is not valid.`],
    [{ ...root, nbf: nowInSeconds + 1 }, 'The token is not valid before 2026-11-20T10:00:01.000Z.'],
    [{ ...root, exp: -1e300 }, 'The token expired at -1e+300 s since 1970.'],
  ])('with the claims %j is refused with a clear message', async (claims, message) => {
    const identity = await open({ kind: 'secret', secret });
    expect(await refusal(identity, await hs256(claims as JWTPayload))).toMatch(message);
  });

  it('is refused if it was signed with another secret', async () => {
    const token = await sign(root, { alg: 'HS256' }, new Uint8Array(32).fill(1));
    expect(await refusal(await open({ kind: 'secret', secret }), token)).toBe(
      "The token's signature does not fit the service's key: it was signed with another one, or changed since.",
    );
  });

  it('is refused if it was changed after signing', async () => {
    const [header, , signature] = (await hs256({ hv_partition: '5' })).split('.');
    const claims = Buffer.from(JSON.stringify(root)).toString('base64url');
    expect(
      await refusal(await open({ kind: 'secret', secret }), `${header ?? ''}.${claims}.${signature ?? ''}`),
    ).toContain('does not fit');
  });

  it('is refused if it is not signed', async () => {
    expect(await refusal(await open({ kind: 'secret', secret }), new UnsecuredJWT(root).encode())).toBe(
      'The token is signed with "none"; expected HS256, HS384, HS512.',
    );
  });

  it.each(['x', 'a.b', 'a.b.c.d.e', '....', 'e30.e30.e30', `${'a'.repeat(100_000)}.b.c`])(
    'that is malformed is refused: %.20s',
    async (token) => {
      expect(await refusal(await open({ kind: 'secret', secret }), token)).toMatch(
        /^The token is not a JSON Web Token/,
      );
    },
  );
});

describe('an authorization', () => {
  it.each([
    [null, 'No identity was given: expected "Authorization: Bearer <token>" with a JSON Web Token.'],
    ['', 'No identity was given: expected "Authorization: Bearer <token>" with a JSON Web Token.'],
    ['Basic cm9vdDpyb290', 'The authorization is not of the form "Bearer <token>" with one JSON Web Token.'],
    ['Bearer', 'The authorization is not of the form "Bearer <token>" with one JSON Web Token.'],
    ['Bearer a b', 'The authorization is not of the form "Bearer <token>" with one JSON Web Token.'],
  ])('of %j is refused', async (authorization, message) => {
    const identity = await open({ kind: 'secret', secret });
    await expect(identity.authenticate(authorization)).rejects.toEqual(
      new HvqlError('UNAUTHENTICATED', message),
    );
  });
});

describe('the issuer and the audience', () => {
  const checks = { issuer: 'https://id.example', audience: 'hvql' };

  it('are checked if they are configured', async () => {
    const identity = await open({ kind: 'secret', secret }, checks);
    const good = await hs256({ ...root, iss: 'https://id.example', aud: ['other', 'hvql'] });
    expect((await identity.authenticate(`Bearer ${good}`)).caller.partitionId).toBe(1n);
    expect(await refusal(identity, await hs256({ ...root, aud: 'hvql' }))).toBe(
      'The token lacks the claim iss: expected "https://id.example".',
    );
    expect(await refusal(identity, await hs256({ ...root, iss: 'x', aud: 'hvql' }))).toBe(
      'The token\'s claim iss is "x": expected "https://id.example".',
    );
    expect(await refusal(identity, await hs256({ ...root, iss: 'https://id.example', aud: ['a'] }))).toBe(
      'The token\'s claim aud is ["a"]: expected "hvql".',
    );
  });

  it('are not checked if they are not configured', async () => {
    const identity = await open({ kind: 'secret', secret });
    const token = await hs256({ ...root, iss: 'x', aud: 'y' });
    expect((await identity.authenticate(`Bearer ${token}`)).caller.partitionId).toBe(1n);
  });
});

describe('a secret', () => {
  it.each([
    ['0123456789abcdef0123456789abcdef\n'],
    ['0123456789abcdef0123456789abcdef\r\n'],
    ['0123456789abcdef0123456789abcdef'],
  ])('in a file is the same with or without a newline: %j', async (text) => {
    const identity = await open({ kind: 'secret-file', path: folder.write('secret', text) });
    expect((await identity.authenticate(`Bearer ${await hs256(root)}`)).caller.partitionId).toBe(1n);
  });

  it.each([
    ['', 'it is empty'],
    ['\n', 'it is empty'],
    ['short\n', 'it has 5'],
    [`${'x'.repeat(31)}\n`, 'it has 31'],
  ])('in a file that is too short is refused: %j', async (text, there) => {
    const path = folder.write('short', text);
    await expect(open({ kind: 'secret-file', path })).rejects.toThrow(
      `The secret in ${path} needs 32 bytes or more (RFC 7518, 3.2), but ${there}.`,
    );
  });

  it('is refused if its file does not exist', async () => {
    await expect(open({ kind: 'secret-file', path: '/nowhere' })).rejects.toThrow(
      /^The secret file \/nowhere cannot be read: ENOENT/,
    );
  });
});

const pairs = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  p256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  p384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  p521: generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  ed25519: generateKeyPairSync('ed25519'),
};
const pem = (key: KeyObject): string =>
  key.export({ type: key.type === 'public' ? 'spki' : 'pkcs8', format: 'pem' }).toString();
const jwk = async (key: KeyObject, more: JWK = { kty: '' }): Promise<JWK> => ({
  ...more,
  ...(await exportJWK(key)),
});

describe('a token signed with a private key', () => {
  it.each([
    ['RS256', 'rsa'],
    ['RS384', 'rsa'],
    ['RS512', 'rsa'],
    ['PS256', 'rsa'],
    ['PS512', 'rsa'],
    ['ES256', 'p256'],
    ['ES384', 'p384'],
    ['ES512', 'p521'],
    ['EdDSA', 'ed25519'],
  ] as const)(
    'with %s is verified with the public key, as PEM, as JSON Web Key and in a set',
    async (alg, name) => {
      const { publicKey, privateKey } = pairs[name];
      const token = await sign({ hv_partition: '7' }, { alg }, privateKey);
      const key = await jwk(publicKey);
      const texts = [pem(publicKey), JSON.stringify(key), JSON.stringify({ keys: [key] })];
      for (const text of [...texts, ...texts.map((each) => `\ufeff${each}`)]) {
        const identity = await open({ kind: 'key-file', path: folder.write('key', text) });
        expect((await identity.authenticate(`Bearer ${token}`)).caller.partitionId).toBe(7n);
        expect(await refusal(identity, await hs256(root))).toMatch(
          /^The token is signed with "HS256"; expected/,
        );
      }
    },
  );

  it('is verified with a certificate', async () => {
    const path = folder.write('certificate', certificate);
    const identity = await open({ kind: 'key-file', path });
    const token = await sign(root, { alg: 'ES256' }, certificateKey);
    expect((await identity.authenticate(`Bearer ${token}`)).caller.partitionId).toBe(1n);
  });

  it('is refused if it was signed with another key', async () => {
    const identity = await open({
      kind: 'key-file',
      path: folder.write('key', pem(pairs.ed25519.publicKey)),
    });
    const token = await sign(root, { alg: 'EdDSA' }, generateKeyPairSync('ed25519').privateKey);
    expect(await refusal(identity, token)).toContain('does not fit');
  });

  it('is verified with the key of a set that has its key id', async () => {
    const keys = [
      await jwk(pairs.rsa.publicKey, { kty: '', kid: 'one' }),
      await jwk(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey, { kty: '', kid: 'two' }),
    ];
    const identity = await open({ kind: 'key-file', path: folder.write('set', JSON.stringify({ keys })) });
    const signed = (header: { alg: string; kid?: string }): Promise<string> =>
      sign(root, header, pairs.rsa.privateKey);
    expect(
      (await identity.authenticate(`Bearer ${await signed({ alg: 'RS256', kid: 'one' })}`)).expiresAt,
    ).toBe(null);
    expect(await refusal(identity, await signed({ alg: 'RS256', kid: 'two' }))).toContain('does not fit');
    expect(await refusal(identity, await signed({ alg: 'RS256', kid: 'three' }))).toBe(
      'The token names the key "three", and the service\'s key set has none that fits it with "RS256".',
    );
    expect(await refusal(identity, await signed({ alg: 'RS256' }))).toBe(
      "The token names no key (kid), and several of the service's key set fit.",
    );
  });
});

describe('a public key', () => {
  it('is not a secret: a token that was signed with its text is refused', async () => {
    const text = pem(pairs.rsa.publicKey);
    const identity = await open({ kind: 'key-file', path: folder.write('key', text) });
    for (const forged of [text, text.trimEnd()]) {
      const token = await sign(root, { alg: 'HS256' }, new TextEncoder().encode(forged));
      expect(await refusal(identity, token)).toMatch(/^The token is signed with "HS256"; expected RS256/);
    }
  });
});

describe('a key file', () => {
  const refuses = async (text: string): Promise<string> => {
    const path = folder.write('bad', text);
    try {
      await open({ kind: 'key-file', path });
    } catch (thrown) {
      return (thrown as Error).message.replace(path, 'PATH');
    }
    throw new Error('the key was not refused');
  };
  const isPrivate =
    'The key file PATH contains a private key, which only the signer may have; use the matching public key.';

  it('with a private key is refused in every form', async () => {
    const { privateKey, publicKey } = pairs.rsa;
    expect(await refuses(pem(privateKey))).toBe(isPrivate);
    expect(await refuses(privateKey.export({ type: 'pkcs1', format: 'pem' }).toString())).toBe(isPrivate);
    expect(await refuses(`${pem(publicKey)}${pem(privateKey)}`)).toBe(isPrivate);
    const encrypted = { type: 'pkcs8', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'x' } as const;
    expect(await refuses(privateKey.export(encrypted).toString())).toBe(isPrivate);
    expect(await refuses(JSON.stringify(await jwk(privateKey)))).toBe(isPrivate);
    expect(
      await refuses(JSON.stringify({ keys: [await jwk(publicKey), await jwk(pairs.p256.privateKey)] })),
    ).toBe(isPrivate);
  });

  it.each([
    ['', /^The key file PATH is not a key: expected a public key/],
    ['ssh-ed25519 AAAA', /^The key file PATH is not a key/],
    [
      '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----',
      /^The key file PATH has a PUBLIC KEY that cannot be read \(/,
    ],
    [
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----',
      /^The key file PATH has a CERTIFICATE that cannot be read \(/,
    ],
    ['{', /^The key file PATH begins like JSON but is not valid/],
    ['{}', /^The key file PATH is JSON, but neither a JSON Web Key/],
    ['{"keys":[]}', /^The key file PATH is JSON, but neither a JSON Web Key/],
    ['{"keys":{}}', /^The key file PATH is JSON, but neither a JSON Web Key/],
    ['{"keys":[1]}', /^The key file PATH is JSON, but neither a JSON Web Key/],
    [
      '{"kty":"RSA"}',
      /^The key file PATH has a JSON Web Key \(kty "RSA"\) that cannot be used: "n" needs to be a string, but is missing\.$/,
    ],
    [
      '{"kty":"EC","crv":"P-256","x":"AA","y":5,"kid":"one"}',
      /^The key file PATH has a JSON Web Key \(kty "EC", kid "one"\) that cannot be used: "y" needs to be a string, but is 5\.$/,
    ],
    [
      '{"kty":"EC","x":"AA","y":"AA"}',
      /^The key file PATH has a JSON Web Key \(kty "EC"\) that cannot be used: "crv" needs to be a string, but is missing\.$/,
    ],
    [
      '{"keys":[{"kty":"OKP","crv":"Ed25519"}]}',
      /^The key file PATH has a JSON Web Key \(kty "OKP"\) that cannot be used: "x" needs to be a string, but is missing\.$/,
    ],
    [
      '{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}',
      /^The key file PATH has a JSON Web Key \(kty "EC"\) that cannot be used: Invalid JWK/,
    ],
    [
      '{"keys":[{"kty":"XYZ"},{"kty":"OKP","crv":"X25519","x":"AA"}]}',
      /^The key file PATH has no key to verify with, but XYZ, OKP X25519: expected RSA, EC \(P-256, P-384, P-521\) or Ed25519\.$/,
    ],
    [
      '{"kty":"RSA","n":"AQAB","e":"AQAB"}',
      /^The key file PATH has an RSA key of 17 bits: expected 2048 or more \(RFC 7518, 3\.3\)\.$/,
    ],
    [
      '{"kty":"oct","k":"AAAA"}',
      /^The key file PATH holds a symmetric key \(kty "oct"\); give a shared secret with --jwt-secret-file instead/,
    ],
  ])('with %j is refused with a clear message', async (text, message) => {
    expect(await refuses(text)).toMatch(message);
  });

  it('may contain keys of other kinds besides a key to verify with', async () => {
    const keys = [{ kty: 'OKP', crv: 'X25519', x: 'AA' }, { kty: 'XYZ' }, await jwk(pairs.p256.publicKey)];
    const identity = await open({ kind: 'key-file', path: folder.write('set', JSON.stringify({ keys })) });
    const token = await sign(root, { alg: 'ES256' }, pairs.p256.privateKey);
    expect((await identity.authenticate(`Bearer ${token}`)).caller.partitionId).toBe(1n);
  });

  it('with a key that is too weak or of another kind is refused', async () => {
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
    expect(await refuses(pem(weak.publicKey))).toBe(
      'The key file PATH has an RSA key of 1024 bits: expected 2048 or more (RFC 7518, 3.3).',
    );
    expect(await refuses(pem(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey))).toBe(
      'The key file PATH has a key on the curve secp256k1: expected one of prime256v1, secp384r1, secp521r1.',
    );
    expect(await refuses(pem(generateKeyPairSync('x25519').publicKey))).toBe(
      'The key file PATH has a key of the kind x25519: expected RSA, EC or Ed25519.',
    );
  });

  it('is refused if it does not exist', async () => {
    await expect(open({ kind: 'key-file', path: '/nowhere' })).rejects.toThrow(
      /^The key file \/nowhere cannot be read: ENOENT/,
    );
  });
});

describe('a key set at an address', () => {
  let server: Server;
  let url: URL;
  let answer: { status: number; body: string };
  let fetches = 0;
  beforeAll(async () => {
    server = createServer((_, response) => {
      fetches += 1;
      response.writeHead(answer.status, { connection: 'close' }).end(answer.body);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`);
  });
  afterAll(() => server.close());
  const serve = (keys: readonly JWK[]): void => {
    answer = { status: 200, body: JSON.stringify({ keys }) };
  };
  const unavailable = /^The identity cannot be verified right now: the key set/;
  const key = (kid: string): Promise<JWK> => jwk(pairs.ed25519.publicKey, { kty: '', kid });
  const signedFor = (kid: string): Promise<string> =>
    sign(root, { alg: 'EdDSA', kid }, pairs.ed25519.privateKey);

  it('is fetched once for many tokens, and immediately for a new key, but not for each unknown key', async () => {
    const time = { now: 0 };
    const [one, two] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')];
    const publicOne = await jwk(one.publicKey, { kty: '', kid: 'one' });
    const publicTwo = await jwk(two.publicKey, { kty: '', kid: 'two' });
    const signedOne = await sign({ hv_partition: '1' }, { alg: 'EdDSA', kid: 'one' }, one.privateKey);
    const signedTwo = await sign({ hv_partition: '2' }, { alg: 'EdDSA', kid: 'two' }, two.privateKey);
    const identity = await openSet(url, { steady: () => time.now });
    serve([publicOne]);
    fetches = 0;
    await identity.authenticate(`Bearer ${signedOne}`);
    await identity.authenticate(`Bearer ${signedOne}`);
    expect(fetches).toBe(1);
    for (let n = 0; n < 5; n += 1)
      expect(await refusal(identity, signedTwo)).toContain('The token names the key "two"');
    expect(fetches).toBe(2);
    serve([publicTwo]);
    time.now += 9_999;
    expect(await refusal(identity, signedTwo)).toContain('The token names the key "two"');
    time.now += 1;
    expect((await identity.authenticate(`Bearer ${signedTwo}`)).caller.partitionId).toBe(2n);
    expect(fetches).toBe(3);
    expect(await refusal(identity, signedOne)).toContain('The token names the key "one"');
    expect(fetches).toBe(3);
  });

  it('cannot be misused as a secret, neither its text nor a symmetric key in it', async () => {
    const shared = { kty: 'oct', k: Buffer.from(secret).toString('base64url'), kid: 'shared', alg: 'HS256' };
    serve([shared]);
    const identity = await openSet(url);
    const token = await sign(root, { alg: 'HS256', kid: 'shared' }, secret);
    expect(await refusal(identity, token)).toMatch(/^The token is signed with "HS256"; expected RS256/);
  });

  it('handles a key id that is not a string, at any depth', async () => {
    serve([await jwk(pairs.rsa.publicKey, { kty: '', kid: 'one' })]);
    const identity = await openSet(url);
    for (const kid of ['5', '{}', '['.repeat(6_000) + ']'.repeat(6_000)]) {
      const parts = [`{"alg":"ES256","kid":${kid}}`, '{"hv_partition":"1"}', 'x'];
      const token = parts.map((part) => Buffer.from(part).toString('base64url')).join('.');
      expect(await refusal(identity, token)).toBe(
        'The token names no key (kid), and the service\'s key set has none that fits it with "ES256".',
      );
    }
  });

  it.each([
    ['fails', { status: 500, body: 'database password' }],
    ['is not JSON', { status: 200, body: '<html>' }],
    ['is not a key set', { status: 200, body: '{"keys":1}' }],
  ])('that %s is logged, and callers get IDENTITY_UNAVAILABLE', async (_, given) => {
    answer = given;
    const identity = await openSet(url);
    const before = lines.length;
    expect(await refusal(identity, await signedFor('x'), 'IDENTITY_UNAVAILABLE')).toMatch(unavailable);
    expect(lines.slice(before).join('')).toContain('"level":40');
    expect(lines.slice(before).join('')).toContain('the key set could not be fetched');
  });

  it('that is unreachable results in IDENTITY_UNAVAILABLE, and is requested again after a pause', async () => {
    const other = createServer((_, response) => void response.end(answer.body));
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    other.close();
    await once(other, 'close');
    const time = { now: 0 };
    const identity = await openSet(new URL(`http://127.0.0.1:${port}/`), { steady: () => time.now });
    const token = await signedFor('x');
    expect(await refusal(identity, token, 'IDENTITY_UNAVAILABLE')).toMatch(unavailable);
    serve([await key('x')]);
    const again = createServer((_, response) => {
      response.setHeader('connection', 'close').end(answer.body);
    }).listen(port, '127.0.0.1');
    await once(again, 'listening');
    time.now += 4_999;
    expect(await refusal(identity, token, 'IDENTITY_UNAVAILABLE')).toMatch(unavailable);
    time.now += 1;
    expect((await identity.authenticate(`Bearer ${token}`)).caller.partitionId).toBe(1n);
    again.close();
  });

  it.each([
    ['fails', { status: 500, body: '' }],
    ['is not JSON', { status: 200, body: '<html>' }],
    ['is not a key set', { status: 200, body: '{"keys":1}' }],
  ])(
    'that %s is not requested again for a while, however many tokens arrive, and is logged once',
    async (_, given) => {
      answer = given;
      fetches = 0;
      const before = lines.length;
      const time = { now: 0 };
      const identity = await openSet(url, { steady: () => time.now });
      const token = await signedFor('x');
      for (let n = 0; n < 20; n++) {
        expect(await refusal(identity, token, 'IDENTITY_UNAVAILABLE')).toMatch(unavailable);
        time.now += 200;
      }
      expect([fetches, lines.length - before]).toEqual([1, 1]);
      time.now += 1_000;
      await refusal(identity, token, 'IDENTITY_UNAVAILABLE');
      expect([fetches, lines.length - before]).toEqual([2, 1]);
    },
  );

  it('verifies tokens with its last keys for an hour if it cannot be fetched again', async () => {
    serve([await key('x')]);
    const time = { now: 0 };
    const identity = await openSet(url, { steady: () => time.now });
    const [good, madeUp] = [await signedFor('x'), await signedFor('made up')];
    await identity.authenticate(`Bearer ${good}`);
    answer = { status: 500, body: '' };
    fetches = 0;
    time.now += 20_000;
    for (let n = 0; n < 5; n++) {
      // Its key may be one of those that cannot be fetched.
      expect(await refusal(identity, madeUp, 'IDENTITY_UNAVAILABLE')).toMatch(unavailable);
      expect((await identity.authenticate(`Bearer ${good}`)).caller.partitionId).toBe(1n);
    }
    expect(fetches).toBe(1);
    time.now = 3_599_999;
    await expect(identity.renewKeys()).rejects.toThrow('The key set could not be fetched.');
    expect((await identity.authenticate(`Bearer ${good}`)).caller.partitionId).toBe(1n);
    time.now = 3_600_000;
    await expect(identity.renewKeys()).rejects.toThrow('The key set could not be fetched.');
    expect(await refusal(identity, good, 'IDENTITY_UNAVAILABLE')).toMatch(unavailable);
    serve([await key('x')]);
    await identity.renewKeys();
    expect((await identity.authenticate(`Bearer ${good}`)).caller.partitionId).toBe(1n);
  });

  it('is fetched again at an interval, even if no tokens arrive', async () => {
    serve([await key('x')]);
    const identity = await openSet(url, { refresh: 10 });
    await identity.authenticate(`Bearer ${await signedFor('x')}`);
    fetches = 0;
    await until(() => fetches >= 2);
  });
});

describe('a token without expiry', () => {
  it('is refused if tokens must expire', async () => {
    const settings = { method: { kind: 'secret' as const, secret }, issuer: null, audience: null };
    const identity = await openIdentity({ ...settings, requireExpiry: true }, { log, now: () => now });
    expect(await refusal(identity, await hs256(root))).toBe('The token lacks the claim exp.');
    const lasting = await hs256({ ...root, exp: nowInSeconds + 60 });
    expect((await identity.authenticate(`Bearer ${lasting}`)).caller.partitionId).toBe(1n);
  });
});

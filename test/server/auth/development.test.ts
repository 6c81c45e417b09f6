import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/errors.ts';
import { developmentIdentity, type DevelopmentIdentity } from '../../../src/server/auth/identity.ts';
import { readableLog } from '../test-service.ts';

const develop = (host: string): Promise<DevelopmentIdentity> =>
  developmentIdentity({ host, log: readableLog().log, now: () => 0, secret: randomBytes(32) });

describe('the identity of development mode', () => {
  it('signs tokens that it verifies, with all privileges and without expiry', async () => {
    const identity = await develop('127.0.0.1');
    expect(await identity.authenticate(`Bearer ${await identity.sign(7n)}`)).toMatchObject({
      caller: { partitionId: 7n, privileges: new Set(['ACCESS_STATS', 'ACCESS_STATS_MSR']) },
      by: 'token',
      expiresAt: null,
    });
  });

  it('has a new secret each time', async () => {
    const [one, other] = [await develop('localhost'), await develop('::1')];
    await expect(other.authenticate(`Bearer ${await one.sign(1n)}`)).rejects.toThrow('does not fit');
  });

  it('is not available on public addresses', async () => {
    await expect(develop('0.0.0.0')).rejects.toEqual(
      new UsageError([
        '--host 0.0.0.0 can be reached from elsewhere, so callers need an identity: give one of --jwt-secret-file, ' +
          '--jwt-key-file and --jwks-url (or HVQL_JWT_SECRET), or --tls-client-ca, or a loopback host such as 127.0.0.1.',
      ]),
    );
  });
});

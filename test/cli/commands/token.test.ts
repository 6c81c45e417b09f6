import { decodeJwt } from 'jose';
import { afterAll, describe, expect, it } from 'vitest';
import { printToken } from '../../../src/cli/commands/token.ts';
import type { TokenSettings } from '../../../src/cli/settings/settings.ts';
import { openIdentity } from '../../../src/server/auth/identity.ts';
import { temporaryFolder } from '../../server/temporary-folder.ts';
import { readableLog } from '../../server/test-service.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());

const now = (): number => Date.parse('2026-11-20T10:00:00.500Z');
const secret = Buffer.from('0123456789abcdef0123456789abcdef');
const settings: TokenSettings = {
  secret: { kind: 'secret', secret },
  partition: 5n,
  privileges: new Set(['ACCESS_STATS']),
  hostNames: null,
  expiresIn: 3_600_000,
  issuer: null,
  audience: null,
};

async function print(changes: Partial<TokenSettings> = {}): Promise<string> {
  let printed = '';
  const write = (text: string): void => void (printed += text);
  await printToken({ ...settings, ...changes }, { stdout: { write }, now });
  return printed;
}

describe('hvql token', () => {
  it('prints a token that a service with the same secret accepts', async () => {
    const path = folder.write('secret', `${secret.toString()}\n`);
    const printed = await print({ secret: { kind: 'secret-file', path }, issuer: 'me', audience: 'hvql' });
    expect(printed).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const identity = await openIdentity(
      { method: { kind: 'secret', secret }, issuer: 'me', audience: 'hvql' },
      { log: readableLog().log, now },
    );
    expect(await identity.authenticate(`Bearer ${printed.trimEnd()}`)).toMatchObject({
      caller: { partitionId: 5n, privileges: new Set(['ACCESS_STATS']) },
      by: 'token',
      expiresAt: Date.parse('2026-11-20T11:00:00.000Z'),
    });
  });

  it('lists the privileges only if one is missing', async () => {
    expect(decodeJwt((await print()).trimEnd())).toEqual({
      hv_partition: '5',
      hv_privileges: ['ACCESS_STATS'],
      iat: 1_795_168_800,
      exp: 1_795_172_400,
    });
    const all = await print({ privileges: new Set(['ACCESS_STATS_MSR', 'ACCESS_STATS']) });
    expect(decodeJwt(all.trimEnd())).not.toHaveProperty('hv_privileges');
    expect(decodeJwt((await print({ privileges: new Set() })).trimEnd())).toMatchObject({
      hv_privileges: [],
    });
  });

  it('needs a secret of sufficient length', async () => {
    await expect(
      print({ secret: { kind: 'secret-file', path: folder.write('short', 'x') } }),
    ).rejects.toThrow(/needs 32 bytes or more/);
  });
});

/** Callers: their tokens. */
import { SignJWT } from 'jose';

/** Tokens by who holds them. */
export interface Callers {
  readonly root: string;
  /** Partition 2, which the simulator never stops. It has no streams but those of the greed in over-limit.ts. */
  readonly guest: string;
  /** A partition that never exists. */
  readonly unknown: string;
  /** The guest, without any privilege. */
  readonly powerless: string;
  /** Of any partition with any privileges. */
  readonly of: (partition: bigint, privileges: readonly string[]) => Promise<string>;
  /** The root's for this many seconds from now. */
  readonly shortLived: (seconds: number) => Promise<string>;
  /** Tokens that do not verify, or have no usable claims. */
  readonly bad: readonly string[];
}

/** Signs them with a service's secret. */
export async function signCallers(secret: string): Promise<Callers> {
  const sign = (claims: Record<string, unknown>, expiresIn = '2h', key = secret): Promise<string> =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuedAt()
      .setExpirationTime(expiresIn)
      .sign(Buffer.from(key));
  const root = await sign({ hv_partition: '1' });
  const [head = '', claims = '', signature = ''] = root.split('.');
  const unsigned = Buffer.from('{"alg":"none"}').toString('base64url');
  return {
    root,
    guest: await sign({ hv_partition: '2' }),
    unknown: await sign({ hv_partition: '999999' }),
    powerless: await sign({ hv_partition: '2', hv_privileges: [] }),
    of: (partition, privileges) => sign({ hv_partition: `${partition}`, hv_privileges: privileges }),
    shortLived: (seconds) => sign({ hv_partition: '1' }, `${seconds}s`),
    bad: [
      'x',
      'a.b.c',
      `${head}.${claims}.`,
      `${unsigned}.${claims}.`,
      `${unsigned}.${claims}.${signature}`,
      `${head}.${claims}.${signature.split('').reverse().join('')}`,
      `${head}.${Buffer.from('{"hv_partition":"1"}').toString('base64url')}.${signature}`,
      `${root}.${root}`,
      'e'.repeat(8_000),
      await sign({ hv_partition: '1' }, '-1h'),
      await sign({ hv_partition: '1' }, '1h', 'another secret of thirty-two bytes or more'),
      await sign({ hv_partition: 1 }),
      await sign({ hv_partition: '-1' }),
      await sign({ hv_partition: '99999999999999999999999' }),
      await sign({ hv_partition: '1', hv_privileges: ['ROOT'] }),
      await sign({ hv_partition: '1', hv_privileges: 'ACCESS_STATS' }),
      await sign({}),
    ],
  };
}

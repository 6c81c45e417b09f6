/** A host with grandchildren, all kinds of callers, and what each of them may read. */
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT, type JWTPayload } from 'jose';
import { serve, type Served } from './program.ts';

const secret = 'the secret of the access matrix, long enough';
/** The partitions of small-host, and a grandchild: 13 is the child of 9, 14 of 13. */
export const parents: Record<string, string | null> = {
  '1': null,
  '5': '1',
  '9': '1',
  '13': '9',
  '14': '13',
};
const none: string[] = [];

/** A caller, and which partitions it may read; `isGlobal`: what is global as well. */
export interface AccessCaller {
  readonly partition: string;
  /** Both, where it is left out. */
  readonly privileges?: readonly string[];
  readonly readable: readonly string[];
  readonly isGlobal?: boolean;
}

/** The callers. */
export const callers: Readonly<Record<string, AccessCaller>> = {
  root: { partition: '1', readable: ['1', '5', '9'], isGlobal: true },
  'a parent that is not root': { partition: '9', readable: ['9', '13'] },
  'self (a guest)': { partition: '5', readable: ['5'] },
  'a grandchild': { partition: '14', readable: ['14'] },
  'a child and parent': { partition: '13', readable: ['13', '14'] },
  'an unrelated partition': { partition: '77', readable: none },
  'root without privileges': { partition: '1', privileges: none, readable: none },
  'root with ACCESS_STATS only': {
    partition: '1',
    privileges: ['ACCESS_STATS'],
    readable: ['5', '9'],
    isGlobal: true,
  },
  'root with ACCESS_STATS_MSR only': { partition: '1', privileges: ['ACCESS_STATS_MSR'], readable: ['1'] },
  'a parent with ACCESS_STATS only': { partition: '9', privileges: ['ACCESS_STATS'], readable: ['13'] },
  'a parent with ACCESS_STATS_MSR only': {
    partition: '9',
    privileges: ['ACCESS_STATS_MSR'],
    readable: ['9'],
  },
  'a guest without privileges': { partition: '5', privileges: none, readable: none },
};

/** A service for the host. */
export interface AccessHost {
  readonly served: Served;
  /** A token of each caller. */
  readonly tokens: Readonly<Record<string, string>>;
  /** Its page folder. */
  readonly folder: string;
  /** A token with these claims. */
  sign(claims: JWTPayload): Promise<string>;
  close(): Promise<void>;
}

/** Serves the host, with more arguments where they are given. */
export async function openAccessHost(args: readonly string[] = []): Promise<AccessHost> {
  const folder = await mkdtemp(join(tmpdir(), 'hvql-access-'));
  await cp('test/fixtures/small-host', folder, { recursive: true });
  await cp(join(folder, 'partition/13'), join(folder, 'partition/14'), { recursive: true });
  const partitions = Object.entries(parents).map(([id, parent]) => ({ id, parent, name: `p${id}` }));
  await writeFile(
    join(folder, 'manifest.json'),
    JSON.stringify({ format: 'hvql-pages', version: 1, partitions }),
  );
  const served = await serve(['--source', `pages:${folder}`, ...args], { HVQL_JWT_SECRET: secret });
  const sign = (claims: JWTPayload): Promise<string> =>
    new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(secret));
  const tokens: Record<string, string> = {};
  for (const [who, { partition, privileges }] of Object.entries(callers)) {
    tokens[who] = await sign({ hv_partition: partition, ...(privileges && { hv_privileges: privileges }) });
  }
  return {
    served,
    tokens,
    folder,
    sign,
    close: async () => {
      await served.program.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What the caller gets about the partition of this id: 'read', or the code and reason of the error. */
export function expectedVerdict({ partition, privileges, readable }: AccessCaller, id: string): string {
  if (readable.includes(id)) return 'read';
  const isRoot = partition === '1';
  if (isRoot && !(id in parents)) return 'INVALID_PARTITION_ID';
  const isNear = (id === partition || parents[id] === partition) && privileges !== undefined;
  return `ACCESS_DENIED ${isNear ? 'NO_PRIVILEGE' : 'NOT_SELF_OR_PARENT'}`;
}

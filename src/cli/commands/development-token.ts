/** Development mode: an identity without configuration, and tokens for trying out the service. */
import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { Sampler } from '../../sampling/sampler.ts';
import { developmentIdentity } from '../../server/auth/identity.ts';
import type { GraphiqlToken } from '../../server/http/graphiql-page.ts';
import type { Identity } from '../../server/auth/identity.ts';
import type { Topology } from '../../snapshot/topology.ts';
import type { CommandContext } from '../command-context.ts';
import { printable } from '../format.ts';

/** The example operation with which a guest reads its own statistics. */
const guestExample = /^query OwnPartition\b/m;

/** The identity of development mode, and its tokens for the page of GraphiQL. */
export async function development(
  host: string,
  context: CommandContext & {
    log: Logger;
    sampler: Sampler;
    tabs: readonly { query: string }[];
    /** Random if not given. */
    developmentSecret?: Uint8Array;
    hostName: () => string;
    /** Whether tokens must name the host. */
    requiresHost: boolean;
  },
): Promise<{ identity: Identity; tokens: readonly GraphiqlToken[] }> {
  const { log, clock, sampler, signal, tabs, developmentSecret, hostName, requiresHost } = context;
  const now = (): number => clock.now().wallMilliseconds;
  const identity = await developmentIdentity({
    host,
    log,
    now,
    hostName,
    requiresHost,
    secret: developmentSecret ?? randomBytes(32),
  });
  const topology = await sampler.topology(signal);
  const tokens = developmentPartitions(topology).map(async ({ title, id }) => ({
    title,
    token: await identity.sign(id),
    query: tabs.find(({ query }) => guestExample.test(query))?.query,
  }));
  return { identity, tokens: await Promise.all(tokens) };
}

/** The root, and the first of its guests, if there is one. */
function developmentPartitions({ partitions }: Topology): { title: string; id: bigint }[] {
  const root = partitions.find(({ parent }) => parent === null);
  const guest = partitions.find(({ parent }) => parent !== null && parent === root?.id);
  return [root, guest].flatMap((partition, n) => {
    if (partition === undefined) return [];
    const { id, name } = partition;
    const who = n === 0 ? 'the root partition' : `a guest, partition ${id}`;
    // A name may be any text, and the title is printed to the terminal and in a comment of an operation.
    return [{ id, title: name === null || n === 0 ? who : `${who} (${printable(name)})` }];
  });
}

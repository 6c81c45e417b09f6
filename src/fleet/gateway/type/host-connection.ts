/** The list of the hosts, by pages. */
import { HvqlError } from '../../../errors.ts';
import { sizeArgument } from '../../../graph/argument/connection.ts';
import type { Builder } from '../../../graph/builder.ts';
import { excerpt } from '../../../lib/json.ts';
import { hostIdOf, hostOfId } from '../host-id.ts';
import type { HostStatus, KnownHost } from '../host-registry.ts';
import type { HostRef, StatusRef } from './host.ts';

/** Hosts on one page. */
const mostHostsOnPage = 1_000;

/** A page of hosts. */
interface HostPage {
  readonly hosts: readonly KnownHost[];
  readonly totalCount: number;
  readonly hasPreviousPage: boolean;
  readonly hasNextPage: boolean;
}

interface HostFilter {
  readonly nameContains?: string | null | undefined;
  readonly status?: HostStatus | null | undefined;
}

/** The type that selects hosts. */
export function defineHostFilter(builder: Builder, status: StatusRef) {
  return builder.inputRef<HostFilter>('HostFilter').implement({
    description: 'Selects the hosts for which all given conditions hold.',
    fields: (t) => ({
      nameContains: t.string({ required: false, description: 'Its name contains this text.' }),
      status: t.field({ type: status, required: false, description: 'Its status.' }),
    }),
  });
}

/** The type of a page of hosts. */
export function defineHostConnection(builder: Builder, host: HostRef) {
  const pageInfo = builder.objectRef<HostPage>('HostPageInfo').implement({
    description: 'The position of a page in its list.',
    fields: (t) => ({
      hasPreviousPage: t.exposeBoolean('hasPreviousPage', {
        nullable: false,
        description: 'Whether there are hosts before this page.',
      }),
      hasNextPage: t.exposeBoolean('hasNextPage', {
        nullable: false,
        description: 'Whether there are hosts after this page.',
      }),
      endCursor: t.string({
        nullable: true,
        description: 'The cursor of the last host, its id; null if the page is empty.',
        resolve: ({ hosts }) => {
          const last = hosts.at(-1);
          return last === undefined ? null : hostIdOf(last.name);
        },
      }),
    }),
  });
  return builder.objectRef<HostPage>('HostConnection').implement({
    description: 'A page of hosts.',
    fields: (t) => ({
      nodes: t.field({
        type: [host],
        nullable: false,
        description: 'The hosts.',
        resolve: ({ hosts }) => [...hosts],
      }),
      pageInfo: t.field({
        type: pageInfo,
        nullable: false,
        description: 'The position of this page in the list.',
        resolve: (page) => page,
      }),
      totalCount: t.exposeInt('totalCount', {
        nullable: false,
        description: 'The number of hosts on all pages.',
      }),
    }),
  });
}

/** A page of these hosts. Throws INVALID_PARAMETER for a cursor of another list. */
export function pageOfHosts(
  hosts: readonly KnownHost[],
  args: {
    readonly first?: number | null | undefined;
    readonly after?: string | null | undefined;
    readonly filter?: HostFilter | null | undefined;
  },
): HostPage {
  const size = sizeArgument('first', args.first, { most: mostHostsOnPage, rest: 'after' }) ?? mostHostsOnPage;
  const { nameContains, status } = args.filter ?? {};
  const all = hosts.filter(
    (host) =>
      (nameContains == null || host.name.includes(nameContains)) &&
      (status == null || host.status === status),
  );
  const after = args.after == null ? null : hostOfId(args.after);
  if (after === null && args.after != null)
    throw new HvqlError(
      'INVALID_PARAMETER',
      `${JSON.stringify(excerpt(args.after, 60))} is not a cursor of a list of hosts.`,
    );
  const rest = after === null ? all : all.filter(({ name }) => name > after);
  const page = rest.slice(0, size);
  return {
    hosts: page,
    totalCount: all.length,
    hasPreviousPage: rest.length < all.length,
    hasNextPage: page.length < rest.length,
  };
}

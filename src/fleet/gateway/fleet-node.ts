/** Objects by their global ids, each requested from its host. */
import type { GraphQLResolveInfo } from 'graphql';
import { HvqlError } from '../../errors.ts';
import { parseNodeId } from '../../graph/node-id.ts';
import { excerpt } from '../../lib/json.ts';
import type { FleetReader } from './fleet-reader.ts';
import { hostOfId } from './host-id.ts';
import { hostPart } from './host-part.ts';
import type { KnownHost } from './host-registry.ts';

/** The response key of the type of a node. */
export const typeKey = 'hvql_type';

/** One object. Rejects with NOT_FOUND if the caller may not query its host. */
export async function nodeOf(
  operation: FleetReader,
  { id, info }: { readonly id: string; readonly info: GraphQLResolveInfo },
): Promise<unknown> {
  const host = hostOfNode(operation, id);
  if (hostOfId(id) !== null) return host;
  const part = hostPart(info, (selection) => `node(id: ${JSON.stringify(id)}) ${withType(selection)}`);
  return operation.ask(host.name, part);
}

/**
 * Objects of any hosts, with one selection for all objects of a host: a selection per object would count towards the
 * limits of the host each time.
 */
export function nodesOf(
  operation: FleetReader,
  { ids, info }: { readonly ids: readonly string[]; readonly info: GraphQLResolveInfo },
): readonly Promise<unknown>[] {
  const idsOfHosts = new Map<string, string[]>();
  const places = ids.map((id): { readonly host: string; readonly index: number } | HvqlError | KnownHost => {
    try {
      const host = hostOfNode(operation, id);
      if (hostOfId(id) !== null) return host;
      const own = idsOfHosts.get(host.name) ?? [];
      idsOfHosts.set(host.name, own);
      return { host: host.name, index: own.push(id) - 1 };
    } catch (thrown) {
      if (thrown instanceof HvqlError) return thrown;
      throw thrown;
    }
  });
  const answers = new Map(
    [...idsOfHosts].map(([host, own]) => {
      const part = hostPart(info, (selection) => `nodes(ids: ${JSON.stringify(own)}) ${withType(selection)}`);
      return [host, operation.ask(host, part)] as const;
    }),
  );
  return places.map(async (place) => {
    if (place instanceof HvqlError) throw place;
    if (!('index' in place)) return place;
    const found = await answers.get(place.host);
    return Array.isArray(found) ? (found as readonly unknown[])[place.index] : null;
  });
}

/** The host of an object, or the host with this global id. Throws NOT_FOUND if the caller may not query it. */
function hostOfNode(operation: FleetReader, id: string): KnownHost {
  const host = operation.host(hostOfId(id) ?? parseNodeId(id).host);
  if (host !== null) return host;
  throw new HvqlError(
    'NOT_FOUND',
    `${JSON.stringify(excerpt(id, 200))} is not the id of an object of a host that you may query.`,
  );
}

function withType(selection: string): string {
  return selection.replace(/\}$/, `  ${typeKey}: __typename\n}`);
}

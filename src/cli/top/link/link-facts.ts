/** Facts about the graph behind a link: host or fleet, and the caller. */
import type { ExecutionResult } from 'graphql';
import { Place } from '../answer.ts';
import { LinkError, type GraphLink } from './graph-link.ts';
import { adviceFor } from '../advice.ts';

/** Facts that do not change during the lifetime of a link. */
export interface GraphFacts {
  readonly isFleet: boolean;
  /** Whether the caller is the root partition, of the host or of every host of the fleet. */
  readonly isRoot: boolean;
  /** The caller's partition id; null if it differs between hosts. */
  readonly ownPartition: string | null;
  /** Whether the graph has subscriptions; if not, it is polled. */
  readonly hasSubscriptions: boolean;
}

/** Queries the facts. Rejects with a LinkError if there is no response. */
export async function askFacts(link: GraphLink): Promise<GraphFacts> {
  const viewer = Place.of(answered(await link.query('query Viewer { viewer { __typename } }'))).at('viewer');
  if (viewer.at('__typename').text === 'FleetViewer') {
    const partition = await viewerField(link, 'partition');
    const isRoot = partition.text === 'root';
    const ownPartition = isRoot ? null : partition.text;
    return { isFleet: true, isRoot, ownPartition, hasSubscriptions: await canSubscribe(link) };
  }
  const asked = answered(await link.query('query Viewer { viewer { isRoot partitionId } }'));
  const caller = Place.of(asked).at('viewer');
  return {
    isFleet: false,
    isRoot: caller.at('isRoot').value === true,
    ownPartition: caller.at('partitionId').text || null,
    hasSubscriptions: true,
  };
}

async function viewerField(link: GraphLink, name: string): Promise<Place> {
  return Place.of(answered(await link.query(`query Viewer { viewer { ${name} } }`))).at('viewer', name);
}

/** Gateways of earlier versions have no subscriptions. */
async function canSubscribe(link: GraphLink): Promise<boolean> {
  const result = await link.query('query Streams { __schema { subscriptionType { fields { name } } } }');
  const fields = Place.of(result).at('__schema', 'subscriptionType', 'fields').items;
  const names = fields.map((field) => field.at('name').text);
  return names.includes('fleet') && names.includes('host');
}

function answered(result: ExecutionResult): ExecutionResult {
  if (result.data != null) return result;
  const { error } = Place.of(result);
  throw new LinkError({
    message: `${error?.code ?? ''}: ${error?.message ?? 'there is no response'}`.replace(/^: /, ''),
    advice: adviceFor(error?.code ?? ''),
  });
}

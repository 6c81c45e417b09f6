/** What the resolvers of the fleet's types share: the context of an operation, and the host request for a field. */
import type { FieldNode, GraphQLResolveInfo } from 'graphql';
import type { ValueBudget } from '../../limits/value-budget.ts';
import type { FleetReader } from './fleet-reader.ts';
import { hostPart, type HostPart } from './host-part.ts';

/** The context of the fleet's resolvers. */
export interface FleetContext {
  readonly fleet: FleetReader;
  readonly version: string;
  /** The caller's access rights. */
  readonly budget: ValueBudget;
  /** The allowed values of `every` in a subscription, in milliseconds. */
  readonly intervals: { readonly least: number; readonly most: number };
}

/** The maximum number of objects in one list of the whole fleet: as for a page of partitions. */
export const mostRanked = 100;

/** The root value of the fleet and of its totals, whose resolvers take everything from the context. */
export const fleetRoot = { isFleet: true } as const;
export type FleetRoot = typeof fleetRoot;

/** The operation of a context. */
export function fleetOf(context: object): FleetReader {
  return (context as FleetContext).fleet;
}

/** The part of an operation that a field requests from each host, created once for all hosts. */
const parts = new WeakMap<readonly FieldNode[], HostPart>();

/** The part of the operation that this field requests from each host; `wrap` as for `hostPart`. */
export function partOf(
  info: GraphQLResolveInfo,
  wrap: (selection: string, args: string) => string,
): HostPart {
  let part = parts.get(info.fieldNodes);
  if (part === undefined) parts.set(info.fieldNodes, (part = hostPart(info, wrap)));
  return part;
}

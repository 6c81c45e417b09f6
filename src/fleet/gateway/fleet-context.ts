/** What the resolvers of the fleet's types share: the context of an operation, and what a host is asked for a field. */
import type { FieldNode, GraphQLResolveInfo } from 'graphql';
import type { ValueBudget } from '../../limits/value-budget.ts';
import type { FleetReader } from './fleet-reader.ts';
import { hostPart, type HostPart } from './host-part.ts';

/** The context of the fleet's resolvers. */
export interface FleetContext {
  readonly fleet: FleetReader;
  readonly version: string;
  /** Of the caller. */
  readonly budget: ValueBudget;
  /** What `every` of a subscription may be, in milliseconds. */
  readonly intervals: { readonly least: number; readonly most: number };
}

/** Objects of one list of the whole fleet: as many as a page of partitions has. */
export const mostRanked = 100;

/** The root value of the fleet and of its totals, whose resolvers take everything from the context. */
export const fleetRoot = { isFleet: true } as const;
export type FleetRoot = typeof fleetRoot;

/** The operation of a context. */
export function fleetOf(context: object): FleetReader {
  return (context as FleetContext).fleet;
}

/** The part of an operation that a field asks each host for, made once for all hosts. */
const parts = new WeakMap<readonly FieldNode[], HostPart>();

/** The part of the operation that this field asks each host for; `wrap` as for `hostPart`. */
export function partOf(
  info: GraphQLResolveInfo,
  wrap: (selection: string, args: string) => string,
): HostPart {
  let part = parts.get(info.fieldNodes);
  if (part === undefined) parts.set(info.fieldNodes, (part = hostPart(info, wrap)));
  return part;
}

/** The schema builder and the object types that refer to each other. */
import SchemaBuilder from '@pothos/core';
import type { GraphContext } from './context.ts';
import type {
  HypervisorModel,
  LogicalProcessorModel,
  PartitionModel,
  VirtualProcessorModel,
  NodeModel,
} from './model.ts';

/** The types of scalars and contexts. 64-bit numbers are bigint, lengths of time are milliseconds. */
export interface SchemaTypes {
  Context: GraphContext;
  Scalars: {
    UInt64: { Input: bigint; Output: bigint };
    Duration: { Input: number; Output: number };
    DateTime: { Input: never; Output: number };
    ID: { Input: string; Output: string };
  };
}

export type Builder = ReturnType<typeof createBuilder>;

/** A new, empty builder. */
export function createBuilder() {
  return new SchemaBuilder<SchemaTypes>({});
}

export type Refs = ReturnType<typeof createRefs>;

/** References to the four object types and their interface, created before their fields. */
export function createRefs(builder: Builder) {
  return {
    node: builder.interfaceRef<NodeModel>('Node'),
    hypervisor: builder.objectRef<HypervisorModel>('Hypervisor'),
    logicalProcessor: builder.objectRef<LogicalProcessorModel>('LogicalProcessor'),
    partition: builder.objectRef<PartitionModel>('Partition'),
    virtualProcessor: builder.objectRef<VirtualProcessorModel>('VirtualProcessor'),
  };
}

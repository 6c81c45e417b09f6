/** The source values of the object types: a name that the caller may read, and the view that granted it. */
import type { Granted, GrantedPartition } from '../access/access.ts';
import type { LogicalProcessorName, VirtualProcessorName } from '../snapshot/object-name.ts';
import { hypervisorName } from '../snapshot/object-name.ts';
import type { View } from './context.ts';

export class HypervisorModel {
  readonly view: View;

  constructor(view: View) {
    this.view = view;
  }
}

export class LogicalProcessorModel {
  readonly view: View;
  readonly name: Granted<LogicalProcessorName>;

  constructor(view: View, name: Granted<LogicalProcessorName>) {
    this.view = view;
    this.name = name;
  }
}

export class PartitionModel {
  readonly view: View;
  readonly partition: GrantedPartition;

  constructor(view: View, partition: GrantedPartition) {
    this.view = view;
    this.partition = partition;
  }

  get name(): GrantedPartition['name'] {
    return this.partition.name;
  }
}

export class VirtualProcessorModel {
  readonly view: View;
  readonly name: Granted<VirtualProcessorName>;

  constructor(view: View, name: Granted<VirtualProcessorName>) {
    this.view = view;
    this.name = name;
  }
}

/** Processors of one kind together. */
export class TotalsModel {
  readonly view: View;
  readonly names: readonly Granted[];

  constructor(view: View, names: readonly Granted[]) {
    this.view = view;
    this.names = names;
  }
}

/** An object with its own counters, deltas and rates. */
export type ReadableModel = LogicalProcessorModel | PartitionModel | VirtualProcessorModel;
/** An object with a global id. */
export type NodeModel = HypervisorModel | ReadableModel;

/** A key that is equal for all models of one object. Any other value is its own key. */
export function modelKey(value: unknown): unknown {
  if (value instanceof HypervisorModel) return hypervisorName;
  const isNamed =
    value instanceof VirtualProcessorModel ||
    value instanceof LogicalProcessorModel ||
    value instanceof PartitionModel;
  return isNamed ? value.name : value;
}

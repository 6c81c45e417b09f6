/** What stands behind the object types of the graph: a name that the caller may read, and the view it was granted in. */
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

/** Processors of one kind taken together. */
export class TotalsModel {
  readonly view: View;
  readonly names: readonly Granted[];

  constructor(view: View, names: readonly Granted[]) {
    this.view = view;
    this.names = names;
  }
}

/** An object that has counters of its own. */
export type ReadableModel = LogicalProcessorModel | PartitionModel | VirtualProcessorModel;
/** An object that has an id. */
export type NodeModel = HypervisorModel | ReadableModel;

/** The same for the same object, of which a model is made wherever it is met; anything else is its own key. */
export function modelKey(value: unknown): unknown {
  if (value instanceof HypervisorModel) return hypervisorName;
  const isNamed =
    value instanceof VirtualProcessorModel ||
    value instanceof LogicalProcessorModel ||
    value instanceof PartitionModel;
  return isNamed ? value.name : value;
}

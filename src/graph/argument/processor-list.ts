/** Lists of processors: all or those with given indexes, by index or sorted by a counter, all or the first ones. */
import type { Granted } from '../../access/access.ts';
import { HvqlError } from '../../errors.ts';
import type { LogicalProcessorName, VirtualProcessorName } from '../../snapshot/object-name.ts';
import { countArgument, listArgument } from './argument.ts';
import type { View } from '../context.ts';
import { orderArgument, type OrderInput } from './order.ts';

/** The arguments of such a list. */
export interface ProcessorListArguments {
  readonly indexes?: readonly number[] | null | undefined;
  readonly orderBy?: OrderInput | null | undefined;
  readonly first?: number | null | undefined;
}

/** The source of the processors, and their models. */
export interface Processors<Name, Model> {
  readonly object: 'LOGICAL_PROCESSOR' | 'VIRTUAL_PROCESSOR';
  readonly all: () => readonly Name[];
  /** Throws if there is no processor with this index. Absent if the field has no argument `indexes`. */
  readonly at?: (index: number) => Name;
  readonly modelOf: (name: Name) => Model;
}

/**
 * The requested processors. For an index that does not exist the list has an error, which graphql-js reports for that
 * item. In a sorted list errors come last.
 */
export function listProcessors<
  Name extends Granted<LogicalProcessorName> | Granted<VirtualProcessorName>,
  Model,
>(view: View, options: { processors: Processors<Name, Model>; list: ProcessorListArguments }): Model[] {
  const { processors, list } = options;
  const first = countArgument('first', list.first);
  const order = orderArgument(view, processors.object, list.orderBy);
  const { at } = processors;
  // First, to throw if the caller may not read them, even if the list of indexes is empty.
  const all = processors.all();
  const names =
    list.indexes == null || at === undefined
      ? all
      : [...new Set(listArgument(view, 'indexes', list.indexes))]
          .sort((a, b) => a - b)
          .map((index) => nameOrError(at, index));
  const toModel = (name: Name | HvqlError): Model =>
    name instanceof HvqlError ? (name as unknown as Model) : processors.modelOf(name);
  if (order === null) return names.slice(0, first ?? undefined).map(toModel);
  const there = names.filter((name): name is Name => !(name instanceof HvqlError));
  const ranked = view.reader.first(there, { order, first, objectsOf: (name) => name });
  if (there.length === names.length) return ranked.map(toModel);
  const room = first === null ? names.length : Math.max(0, first - ranked.length);
  const missing = names.filter((name) => name instanceof HvqlError).slice(0, room);
  return [...ranked, ...missing].map(toModel);
}

function nameOrError<Name>(at: (index: number) => Name, index: number): Name | HvqlError {
  try {
    return at(index);
  } catch (thrown) {
    if (thrown instanceof HvqlError) return thrown;
    throw thrown;
  }
}

/** Lists of processors: all or those of some indexes, ascending or in the order of a counter, all or the first so many. */
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

/** Where the processors come from, and what becomes of them. */
export interface Processors<Name, Model> {
  readonly object: 'LOGICAL_PROCESSOR' | 'VIRTUAL_PROCESSOR';
  readonly all: () => readonly Name[];
  /** Throws where there is none of this index. Not needed where indexes cannot be asked for. */
  readonly at?: (index: number) => Name;
  readonly modelOf: (name: Name) => Model;
}

/**
 * The processors asked for. Where an index does not exist, its error takes the place of the item, which graphql-js reports
 * as the item's error; in an order, these come last.
 */
export function listProcessors<
  Name extends Granted<LogicalProcessorName> | Granted<VirtualProcessorName>,
  Model,
>(view: View, asked: { processors: Processors<Name, Model>; list: ProcessorListArguments }): Model[] {
  const { processors, list } = asked;
  const first = countArgument('first', list.first);
  const order = orderArgument(processors.object, list.orderBy);
  const { at } = processors;
  // First, for the refusal: whoever may not read them is told so, also where none of them is asked for.
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

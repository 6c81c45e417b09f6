/**
 * What an operation will need, known before anything is read: the objects it asks for and how large its answer gets.
 * The operation is walked with the graph's own resolvers over a look that only takes notes, each object once for each
 * place of the document, so that a plan takes its time from what exists and not from the size of the answer.
 */
import {
  getOperationAST,
  isAbstractType,
  isObjectType,
  type ExecutionArgs,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
} from 'graphql';
import { modelKey } from '../graph/model.ts';
import { isContent, valuesOf } from '../graph/size.ts';
import { objectsOf, type LookRequest } from '../sampling/look.ts';
import type { PlanningLook } from '../sampling/planning-look.ts';
import { selectionOf, type Selection, type SelectedField, type SelectedSet } from './selection.ts';

/** What an operation will need. */
export interface Plan {
  readonly requests: readonly LookRequest[];
  /**
   * The leaves of the answer, at the most: what errors leave out is counted all the same. A leaf of totals counts for
   * each of the readings that are summed up in it, a page's bytes for the 512 values that it has room for.
   */
  readonly values: number;
  /** Objects of which something is read: overlay pages, where the source has pages. */
  readonly pages: number;
}

const nothing: Plan = { requests: [], values: 0, pages: 0 };

/** Plans an operation whose context stands on the look. Never rejects: what goes wrong shows when it is executed. */
export async function planOperation(args: ExecutionArgs, look: PlanningLook): Promise<Plan> {
  const { schema, document, operationName, rootValue } = args;
  const operation = getOperationAST(document, operationName);
  const type = operation == null ? undefined : schema.getRootType(operation.operation);
  if (operation == null || type == null) return nothing;
  const selection = selectionOf(operation, args);
  if (selection === null) return nothing;
  const walk = new PlanningWalk(args, { selection, look });
  const values = await walk.valuesOfRoot(selection.setOf(type, [operation.selectionSet]), rootValue);
  return { requests: look.requests, values, pages: objectsOf(look.requests).length };
}

/** A composite field below an object, and how many readings its resolver asked for. */
interface Found {
  readonly field: SelectedField;
  readonly value: unknown;
  readonly readings: number;
}

class PlanningWalk {
  readonly #args: ExecutionArgs;
  readonly #selection: Selection;
  readonly #look: PlanningLook;
  /** The values below an object in a set, for all places that they come to. */
  readonly #known = new Map<SelectedSet, Map<unknown, number>>();
  readonly #leaves = new Map<SelectedSet, number>();

  constructor(args: ExecutionArgs, { selection, look }: { selection: Selection; look: PlanningLook }) {
    this.#args = args;
    this.#selection = selection;
    this.#look = look;
  }

  /** The values of the whole answer. The fields of the root alone may have to wait: for what exists. */
  async valuesOfRoot(set: SelectedSet, source: unknown): Promise<number> {
    let values = this.#leavesOf(set);
    // All are asked before any is waited for, as graphql-js does.
    for (const found of this.#resolveAll(set, source)) {
      try {
        values += this.#valuesIn(found, await found.value);
      } catch {
        // Who executes the field says what is wrong with it.
      }
    }
    return values;
  }

  /** The values of an object; each of its leaves counts for so many readings. */
  #valuesOf(set: SelectedSet, source: unknown, readings: number): number {
    return this.#leavesOf(set) * readings + this.#valuesBelow(set, source);
  }

  #valuesBelow(set: SelectedSet, source: unknown): number {
    const known = this.#known.get(set) ?? new Map<unknown, number>();
    this.#known.set(set, known);
    const key = modelKey(source);
    let values = known.get(key);
    if (values !== undefined) return values;
    values = 0;
    for (const found of this.#resolveAll(set, source)) values += this.#valuesIn(found, found.value);
    known.set(key, values);
    return values;
  }

  #leavesOf(set: SelectedSet): number {
    let leaves = this.#leaves.get(set);
    if (leaves === undefined) {
      leaves = set.fields.reduce((sum, { definition, isLeaf }) => sum + valuesOf(definition, isLeaf), 0);
      this.#leaves.set(set, leaves);
    }
    return leaves;
  }

  #resolveAll(set: SelectedSet, source: unknown): Found[] {
    const isAllRead = isContent(set.type);
    return set.fields.flatMap((field) => {
      if (field.isLeaf && isAllRead) return [];
      const before = this.#look.readingsAskedFor;
      const value = this.#resolve(field, { source, parentType: set.type });
      const readings = Math.max(1, this.#look.readingsAskedFor - before);
      return [{ field, value, readings }];
    });
  }

  /** null where it throws. */
  #resolve(field: SelectedField, parent: { source: unknown; parentType: GraphQLObjectType }): unknown {
    const { definition, args } = field;
    if (args === null || definition.resolve === undefined) return null;
    const { schema, contextValue } = this.#args;
    // All that resolvers, graphql-js's own for introspection among them, want to know of where they are.
    const info = { fieldName: definition.name, parentType: parent.parentType, schema } as GraphQLResolveInfo;
    try {
      return handled(definition.resolve(parent.source, args, contextValue, info));
    } catch {
      return null;
    }
  }

  #valuesIn(found: Found, value: unknown): number {
    const { field } = found;
    if (value === null || value === undefined || field.isLeaf) return 0;
    if (Array.isArray(value)) return this.#valuesInList(found, value);
    const type = this.#typeOf(field, value);
    if (type === undefined) return 0;
    const sets = field.nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
    return this.#valuesOf(this.#selection.setOf(type, sets), value, found.readings);
  }

  /** A list in an order has all objects here that might come first: the largest stand for those that will. */
  #valuesInList(found: Found, items: readonly unknown[]): number {
    const values = items.map((item) => this.#valuesIn(found, item));
    const first = found.field.args?.['first'];
    const most = typeof first === 'number' && first < values.length ? values.sort((a, b) => b - a) : values;
    return most.slice(0, typeof first === 'number' ? first : undefined).reduce((sum, n) => sum + n, 0);
  }

  #typeOf({ type }: SelectedField, value: unknown): GraphQLObjectType | undefined {
    if (isObjectType(type)) return type;
    if (!isAbstractType(type)) return undefined;
    const { schema, contextValue } = this.#args;
    const info = { schema } as GraphQLResolveInfo;
    return schema.getPossibleTypes(type).find((each) => each.isTypeOf?.(value, contextValue, info) === true);
  }
}

/** A promise may reject before its turn to be waited for comes. */
function handled(value: unknown): unknown {
  if (value instanceof Promise) value.catch(() => {});
  return value;
}

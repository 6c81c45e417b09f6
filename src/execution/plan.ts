/**
 * Plans an operation before anything is read: which objects it reads and how large its response will be. The plan runs
 * the resolvers of the graph with a reader that only records requests, once for each object and position in the
 * document, so that its cost depends on the number of objects and not on the size of the response. It stops when the
 * operation is too expensive, and lets other work run in between.
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
import { isContent, valuesOf } from '../graph/extension.ts';
import { type ReadRequest, ReadPlan } from '../sampling/read/snapshot-reader.ts';
import type { PlanningSnapshotReader } from '../sampling/read/planning-snapshot-reader.ts';
import { mapMaybePromise, type MaybePromise } from '../lib/maybe-promise.ts';
import { runInSlices, TimeSlice, type SlicedWork } from '../sampling/schedule/time-slice.ts';
import { selectionOf, type Selection, type SelectedField, type SelectedSet } from '../writer/selection.ts';

/** The readings and the cost of an operation. */
export interface Plan {
  readonly requests: readonly ReadRequest[];
  /** The objects to read, each once, and the changes that are wanted of them. */
  readonly reads: ReadPlan;
  /**
   * The maximum number of leaves in the response, including those that turn out to be unavailable. A leaf of totals
   * counts once for each reading in its sum, the bytes of a page as 512 values. An empty list or null counts as one
   * value, an error as `valuesOfError`, and a field at least as the objects that it sorts or the items of its arguments.
   */
  readonly values: number;
  /** The number of objects to read: overlay pages, if the source has pages. */
  readonly pages: number;
  /** Why planning stopped early, with incomplete counts: too many steps or too many values. null for a complete plan. */
  readonly cutShortBy: 'steps' | 'values' | null;
}

const nothing: Plan = { requests: [], reads: new ReadPlan([]), values: 0, pages: 0, cutShortBy: null };

/** An error takes about as long as this many values: it is thrown twice and has a message, a path and a location. */
export const valuesOfError = 100;
/** Sorting takes about as long as this many values for each object. */
export const valuesOfRank = 5;
/** The maximum number of fields and items that a plan visits: some 50 ms. */
export const stepLimit = 100_000;
/** Planning does not stop for too many values within this many steps, so that the number in the error is exact. */
const exactSteps = 2_000;
/** An item of a list argument, such as an id, takes about as long as this many steps. */
const stepsOfItem = 4;
/** A thrown error takes about as long as this many steps. */
const stepsOfError = 10;
/** The clock is read once in this many steps. */
const stepsBetweenClockChecks = 64;

/** Options of planning. */
export interface PlanOptions {
  readonly reader: PlanningSnapshotReader;
  /** The operation is rejected if it has more values: planning may stop there. */
  readonly maxValues?: number;
  /** Called before planning continues after other work. The plan rejects with what it throws. */
  readonly onResume?: () => void;
}

/**
 * Plans an operation whose context uses `reader`. Returns a promise only if it has to wait for the topology or takes
 * long. Never throws, and rejects only with what `onResume` throws: the execution reports errors.
 */
export function planOperation(args: ExecutionArgs, options: PlanOptions): MaybePromise<Plan> {
  const { schema, document, operationName, rootValue } = args;
  const operation = getOperationAST(document, operationName);
  const type = operation == null ? undefined : schema.getRootType(operation.operation);
  if (operation == null || type == null) return nothing;
  const selection = selectionOf(operation, args);
  if (selection === null) return nothing;
  const { reader, maxValues = Infinity, onResume } = options;
  const walk = new PlanningWalk(args, { selection, reader, maxValues });
  const values = walk.valuesOfRoot(selection.setOf(type, [operation.selectionSet]), rootValue);
  return mapMaybePromise(runInSlices(values, onResume), (known) => {
    const { cutShortBy } = walk;
    const plan = new ReadPlan(cutShortBy === null ? reader.requests : []);
    const pages = plan.objects.length;
    return { requests: plan.requests, reads: plan, values: known, pages, cutShortBy };
  });
}

/** A resolved field: its value, the readings that its resolver requested, and its minimum count. */
interface ResolvedField {
  readonly field: SelectedField;
  readonly value: unknown;
  readonly readings: number;
  readonly least: number;
}

/** Stands for the value of a field that throws: the execution reports the error. */
const refused = Symbol('refused');

class PlanningWalk {
  readonly #args: ExecutionArgs;
  readonly #selection: Selection;
  readonly #reader: PlanningSnapshotReader;
  readonly #maxValues: number;
  readonly #slice = new TimeSlice();
  /** The values below an object for each set, computed once for all positions. */
  readonly #known = new Map<SelectedSet, Map<unknown, number>>();
  readonly #leaves = new Map<SelectedSet, number>();
  readonly #items = new Map<SelectedSet, number>();
  readonly #setsBelow = new Map<SelectedField, SelectedSet>();
  #steps = 0;
  #nextClockCheck = stepsBetweenClockChecks;
  #cutShortBy: Plan['cutShortBy'] = null;

  constructor(
    args: ExecutionArgs,
    parts: { selection: Selection; reader: PlanningSnapshotReader; maxValues: number },
  ) {
    this.#args = args;
    this.#selection = parts.selection;
    this.#reader = parts.reader;
    this.#maxValues = parts.maxValues;
  }

  get cutShortBy(): Plan['cutShortBy'] {
    return this.#cutShortBy;
  }

  /** The number of values in the whole response. */
  *valuesOfRoot(set: SelectedSet, source: unknown): SlicedWork<number> {
    return this.#leavesOf(set) + (yield* this.#valuesBelow(set, source));
  }

  /** Fields may have to wait for the topology; once it is known, none waits. */
  *#valuesBelow(set: SelectedSet, source: unknown): SlicedWork<number> {
    // Each item of an argument counts: too many are refused before any of them is visited.
    const items = this.#itemsBelow(set);
    if (items > 0 && this.#isOver(items, items * stepsOfItem)) return items;
    let values = 0;
    const isAllRead = isContent(set.type);
    for (const field of set.fields) {
      if (field.isLeaf && isAllRead) continue;
      if (this.#isOver(values + itemsOf(field))) break;
      const found = this.#find(field, { source, parentType: set.type });
      let { value } = found;
      if (value instanceof Promise) {
        value = yield settled(value);
        this.#slice.begin();
      }
      values += yield* this.#valuesOfField(found, value);
      if (this.#isDue()) yield* this.#slice.pause();
    }
    return values;
  }

  *#valuesOfField(found: ResolvedField, value: unknown): SlicedWork<number> {
    const { field, least } = found;
    const own = valuesOf(field.definition, field.isLeaf);
    const simple = this.#simpleValues(field, value);
    const below = simple ?? (yield* this.#valuesIn(found, value));
    // `#leavesOf` counts the leaves of a set together, including fields that hold a whole page.
    return own === 0 ? Math.max(below, least) : Math.max(0, least - own);
  }

  #leavesOf(set: SelectedSet): number {
    let leaves = this.#leaves.get(set);
    if (leaves === undefined) {
      leaves = set.fields.reduce((sum, { definition, isLeaf }) => sum + valuesOf(definition, isLeaf), 0);
      this.#leaves.set(set, leaves);
    }
    return leaves;
  }

  #itemsBelow(set: SelectedSet): number {
    let items = this.#items.get(set);
    if (items === undefined) {
      items = set.fields.reduce((sum, field) => sum + itemsOf(field), 0);
      this.#items.set(set, items);
    }
    return items;
  }

  #find(field: SelectedField, parent: { source: unknown; parentType: GraphQLObjectType }): ResolvedField {
    const { asked } = this.#reader;
    const before = asked.readings;
    const rankedBefore = asked.ranked;
    const items = itemsOf(field);
    this.#steps += 1 + items * stepsOfItem;
    const value = this.#resolve(field, parent);
    const readings = asked.readings - before;
    const ranked = asked.ranked - rankedBefore;
    this.#steps += ranked + readings + (value === refused ? stepsOfError : 0);
    const least = Math.max(ranked * valuesOfRank, items, readings);
    return { field, value, readings: Math.max(1, readings), least };
  }

  #resolve(field: SelectedField, parent: { source: unknown; parentType: GraphQLObjectType }): unknown {
    const { definition, args } = field;
    if (args === null) return refused;
    if (definition.resolve === undefined) return null;
    const { schema, contextValue } = this.#args;
    // All that resolvers use of the info, including those of graphql-js for introspection.
    const info = { fieldName: definition.name, parentType: parent.parentType, schema } as GraphQLResolveInfo;
    try {
      return definition.resolve(parent.source, args, contextValue, info);
    } catch {
      return refused;
    }
  }

  /** The values of a leaf, null or error, at least one; null for an object or a list. */
  #simpleValues(field: SelectedField, value: unknown): number | null {
    if (value === refused || value instanceof Error) return valuesOfError;
    return value === null || value === undefined || field.isLeaf ? 1 : null;
  }

  /** The values of an object or a list; at least one. */
  *#valuesIn(found: ResolvedField, value: unknown): SlicedWork<number> {
    if (Array.isArray(value)) return Math.max(1, yield* this.#valuesInList(found, value));
    const { field, readings } = found;
    const type = this.#typeOf(field, value);
    if (type === undefined) return 1;
    const set = this.#setBelow(field, type);
    let known = this.#known.get(set);
    if (known === undefined) this.#known.set(set, (known = new Map<unknown, number>()));
    const key = modelKey(value);
    let below = known.get(key);
    if (below === undefined) known.set(key, (below = yield* this.#valuesBelow(set, value)));
    return Math.max(1, this.#leavesOf(set) * readings + below);
  }

  /** While planning, a sorted list has all candidates: the most expensive ones count for the first `first` items. */
  *#valuesInList(found: ResolvedField, items: readonly unknown[]): SlicedWork<number> {
    const { field } = found;
    const first = this.#reader.lengthOf(items) ?? field.args?.['first'];
    const isCut = typeof first === 'number' && first < items.length;
    const each: number[] = [];
    let values = 0;
    for (const item of items) {
      if (this.#isOver(isCut ? 0 : values)) break;
      this.#steps += item instanceof Error ? stepsOfError : 1;
      const ofItem = this.#simpleValues(field, item) ?? (yield* this.#valuesIn(found, item));
      values += ofItem;
      if (isCut) each.push(ofItem);
      if (this.#isDue()) yield* this.#slice.pause();
    }
    if (!isCut) return values;
    return each
      .sort((a, b) => b - a)
      .slice(0, first)
      .reduce((sum, n) => sum + n, 0);
  }

  #setBelow(field: SelectedField, type: GraphQLObjectType): SelectedSet {
    const last = this.#setsBelow.get(field);
    if (last?.type === type) return last;
    const sets = field.nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
    const set = this.#selection.setOf(type, sets);
    this.#setsBelow.set(field, set);
    return set;
  }

  #typeOf({ type }: SelectedField, value: unknown): GraphQLObjectType | undefined {
    if (isObjectType(type)) return type;
    if (!isAbstractType(type)) return undefined;
    const { schema, contextValue } = this.#args;
    const info = { schema } as GraphQLResolveInfo;
    return schema.getPossibleTypes(type).find((each) => each.isTypeOf?.(value, contextValue, info) === true);
  }

  /** Whether planning can stop, with this many values at one position, which take this many further steps to count. */
  #isOver(values: number, stepsAhead = 0): boolean {
    if (this.#cutShortBy !== null) return true;
    if (this.#steps > stepLimit) this.#cutShortBy = 'steps';
    else if (values > this.#maxValues && this.#steps + stepsAhead > exactSteps) this.#cutShortBy = 'values';
    return this.#cutShortBy !== null;
  }

  /** Whether other work should run before the next step. */
  #isDue(): boolean {
    if (this.#steps < this.#nextClockCheck) return false;
    this.#nextClockCheck = this.#steps + stepsBetweenClockChecks;
    return this.#slice.isOver;
  }
}

/** The number of items in the list arguments of a field: each is visited, even if it matches nothing. */
function itemsOf({ args }: SelectedField): number {
  return args === null ? 0 : itemsIn(args);
}

function itemsIn(values: Readonly<Record<string, unknown>>): number {
  let items = 0;
  for (const name in values) {
    const value = values[name];
    if (Array.isArray(value)) items += value.length;
    else if (typeof value === 'object' && value !== null) items += itemsIn(value as typeof values);
  }
  return items;
}

async function settled(value: Promise<unknown>): Promise<unknown> {
  try {
    return await value;
  } catch {
    return refused;
  }
}

/**
 * What an operation will need, known before anything is read: the objects it asks for and how large its answer gets.
 * The operation is walked with the graph's own resolvers over a look that only takes notes, each object once for each
 * place of the document, so that a plan takes its time from what exists and not from the size of the answer. The walk
 * stops where the operation turns out to cost too much, and lets other work run in between.
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
import type { ReadRequest } from '../sampling/read/snapshot-reader.ts';
import { ReadPlan } from '../sampling/read/read-plan.ts';
import type { PlanningSnapshotReader } from '../sampling/read/planning-snapshot-reader.ts';
import { mapMaybePromise, type MaybePromise } from '../lib/maybe-promise.ts';
import { runInSlices, TimeSlice, type SlicedWork } from '../sampling/schedule/time-slice.ts';
import { selectionOf, type Selection, type SelectedField, type SelectedSet } from '../writer/selection.ts';

/** What an operation will need. */
export interface Plan {
  readonly requests: readonly ReadRequest[];
  /** The same, laid out for as many looks as the plan is for. */
  readonly reads: ReadPlan;
  /**
   * The leaves of the answer, at the most: what reading cannot give is counted all the same. A leaf of totals counts
   * for each of the readings that are summed up in it, a page's bytes for the 512 values that it has room for. Nothing
   * is free: what is empty or null counts for one, what is refused for an error, and a field for no less than the
   * objects that it puts in order or the items that it is given.
   */
  readonly values: number;
  /** Objects of which something is read: overlay pages, where the source has pages. */
  readonly pages: number;
  /**
   * Why the walk stopped before its end: it took too many steps, or there were too many values already. Then there is
   * more than this. null where the plan is whole.
   */
  readonly cutShortBy: 'steps' | 'values' | null;
}

const nothing: Plan = { requests: [], reads: new ReadPlan([]), values: 0, pages: 0, cutShortBy: null };

/** An error takes about the time of so many values: it is thrown twice, and has a message, a path and a place. */
export const valuesOfError = 100;
/** An object that is put in order takes about the time of so many values. */
export const valuesOfRank = 5;
/** Fields and items that are looked at for a plan: some 50 ms. */
export const stepLimit = 100_000;
/** A plan of up to so many steps is made to its end even where there are too many values: then their number is exact. */
const exactSteps = 2_000;
/** An item of a list that is given, such as an id, takes about the time of so many steps. */
const stepsOfItem = 4;
/** What throws takes about the time of so many steps. */
const stepsOfError = 10;
/** The time is looked at once in so many steps. */
const stepsBetweenClockChecks = 64;

/** What is planned with. */
export interface Planning {
  readonly reader: PlanningSnapshotReader;
  /** With more values than this the operation will be refused: the walk may stop there. */
  readonly maxValues?: number;
  /** Called before the walk goes on after other work has run. What it throws, the plan rejects with. */
  readonly onResume?: () => void;
}

/**
 * Plans an operation whose context stands on the look: at once, unless what exists has to be waited for or it takes
 * long. Never throws, and rejects only with what `onResume` throws: what goes wrong shows when it is executed.
 */
export function planOperation(args: ExecutionArgs, planning: Planning): MaybePromise<Plan> {
  const { schema, document, operationName, rootValue } = args;
  const operation = getOperationAST(document, operationName);
  const type = operation == null ? undefined : schema.getRootType(operation.operation);
  if (operation == null || type == null) return nothing;
  const selection = selectionOf(operation, args);
  if (selection === null) return nothing;
  const { reader, maxValues = Infinity, onResume } = planning;
  const walk = new PlanningWalk(args, { selection, reader, maxValues });
  const values = walk.valuesOfRoot(selection.setOf(type, [operation.selectionSet]), rootValue);
  return mapMaybePromise(runInSlices(values, onResume), (known) => {
    const { cutShortBy } = walk;
    const plan = new ReadPlan(cutShortBy === null ? reader.requests : []);
    const pages = plan.objects.length;
    return { requests: plan.requests, reads: plan, values: known, pages, cutShortBy };
  });
}

/** A field below an object, how many readings its resolver asked for, and what it counts for at the least. */
interface Found {
  readonly field: SelectedField;
  readonly value: unknown;
  readonly readings: number;
  readonly least: number;
}

/** In place of the value of a field that throws: who executes it says why. */
const refused = Symbol('refused');

class PlanningWalk {
  readonly #args: ExecutionArgs;
  readonly #selection: Selection;
  readonly #reader: PlanningSnapshotReader;
  readonly #maxValues: number;
  readonly #slice = new TimeSlice();
  /** The values below an object in a set, for all places that they come to. */
  readonly #known = new Map<SelectedSet, Map<unknown, number>>();
  readonly #leaves = new Map<SelectedSet, number>();
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

  /** The values of the whole answer. */
  *valuesOfRoot(set: SelectedSet, source: unknown): SlicedWork<number> {
    return this.#leavesOf(set) + (yield* this.#valuesBelow(set, source));
  }

  /** What fields may have to wait for is what exists: once it is known, none waits. */
  *#valuesBelow(set: SelectedSet, source: unknown): SlicedWork<number> {
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

  *#valuesOfField(found: Found, value: unknown): SlicedWork<number> {
    const { field, least } = found;
    const own = valuesOf(field.definition, field.isLeaf);
    const simple = this.#simpleValues(field, value);
    const below = simple ?? (yield* this.#valuesIn(found, value));
    // Leaves are counted together, and whatever holds a whole page with them.
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

  #find(field: SelectedField, parent: { source: unknown; parentType: GraphQLObjectType }): Found {
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
    // All that resolvers, graphql-js's own for introspection among them, want to know of where they are.
    const info = { fieldName: definition.name, parentType: parent.parentType, schema } as GraphQLResolveInfo;
    try {
      return definition.resolve(parent.source, args, contextValue, info);
    } catch {
      return refused;
    }
  }

  /** The values of what is no object and no list; null where it is one. At least one: whatever there is takes a place. */
  #simpleValues(field: SelectedField, value: unknown): number | null {
    if (value === refused || value instanceof Error) return valuesOfError;
    return value === null || value === undefined || field.isLeaf ? 1 : null;
  }

  /** The values of a value of a field; at least one. */
  *#valuesIn(found: Found, value: unknown): SlicedWork<number> {
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

  /** A list in an order has all objects here that might come first: the largest stand for those that will. */
  *#valuesInList(found: Found, items: readonly unknown[]): SlicedWork<number> {
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

  /** Whether there is no need to go on, with so many values in one place. */
  #isOver(values: number): boolean {
    if (this.#cutShortBy !== null) return true;
    if (this.#steps > stepLimit) this.#cutShortBy = 'steps';
    else if (values > this.#maxValues && this.#steps > exactSteps) this.#cutShortBy = 'values';
    return this.#cutShortBy !== null;
  }

  /** Whether other work should run before the next step. */
  #isDue(): boolean {
    if (this.#steps < this.#nextClockCheck) return false;
    this.#nextClockCheck = this.#steps + stepsBetweenClockChecks;
    return this.#slice.isOver;
  }
}

/** Items of lists that a field is given: each is looked at, whether it leads to anything or not. */
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

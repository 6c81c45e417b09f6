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
import type { LookRequest } from '../sampling/look.ts';
import { LookPlan } from '../sampling/look-plan.ts';
import type { PlanningLook } from '../sampling/planning-look.ts';
import { whenThere, type PromiseOrValue } from '../sampling/promise-or-value.ts';
import { selectionOf, type Selection, type SelectedField, type SelectedSet } from '../writer/selection.ts';

/** What an operation will need. */
export interface Plan {
  readonly requests: readonly LookRequest[];
  /** The same, laid out for as many looks as the plan is for. */
  readonly look: LookPlan;
  /**
   * The leaves of the answer, at the most: what reading cannot give is counted all the same. A leaf of totals counts
   * for each of the readings that are summed up in it, a page's bytes for the 512 values that it has room for. Nothing
   * is free: what is empty or null counts for one, what is refused for an error, and a field for no less than the
   * objects that it puts in order or the items that it is given.
   */
  readonly values: number;
  /** Objects of which something is read: overlay pages, where the source has pages. */
  readonly pages: number;
  /** Whether the walk was given up, since it took too many steps: then there is more than this. */
  readonly isCutShort: boolean;
}

const nothing: Plan = { requests: [], look: new LookPlan([]), values: 0, pages: 0, isCutShort: false };

/** An error takes about the time and the memory of so many values: it has a place in the document, a path, a stack. */
export const valuesOfError = 25;
/** Fields and items that are looked at for a plan: about half a second. */
export const stepLimit = 400_000;

/**
 * Plans an operation whose context stands on the look: at once, unless what exists has to be waited for. Never throws
 * nor rejects: what goes wrong shows when it is executed.
 */
export function planAtOnce(args: ExecutionArgs, look: PlanningLook): PromiseOrValue<Plan> {
  const { schema, document, operationName, rootValue } = args;
  const operation = getOperationAST(document, operationName);
  const type = operation == null ? undefined : schema.getRootType(operation.operation);
  if (operation == null || type == null) return nothing;
  const selection = selectionOf(operation, args);
  if (selection === null) return nothing;
  const walk = new PlanningWalk(args, { selection, look });
  const values = walk.valuesOfRoot(selection.setOf(type, [operation.selectionSet]), rootValue);
  return whenThere(values, (known) => {
    const plan = new LookPlan(look.requests);
    const pages = plan.objects.length;
    return { requests: plan.requests, look: plan, values: known, pages, isCutShort: walk.isCutShort };
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
  readonly #look: PlanningLook;
  /** The values below an object in a set, for all places that they come to. */
  readonly #known = new Map<SelectedSet, Map<unknown, number>>();
  readonly #leaves = new Map<SelectedSet, number>();
  #steps = 0;

  constructor(args: ExecutionArgs, { selection, look }: { selection: Selection; look: PlanningLook }) {
    this.#args = args;
    this.#selection = selection;
    this.#look = look;
  }

  get isCutShort(): boolean {
    return this.#steps > stepLimit;
  }

  /** The values of the whole answer. The fields of the root alone may have to wait: for what exists. */
  valuesOfRoot(set: SelectedSet, source: unknown): PromiseOrValue<number> {
    // All are asked before any is waited for, as graphql-js does.
    const all = set.fields.map((field) => this.#find(field, { source, parentType: set.type }));
    const valuesOf = (values: readonly unknown[]): number =>
      all.reduce((sum, found, n) => sum + this.#valuesOfField(found, values[n]), this.#leavesOf(set));
    const values = all.map(({ value }) => value);
    if (!values.some((value) => value instanceof Promise)) return valuesOf(values);
    return Promise.all(values.map(settled)).then(valuesOf);
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
    const isAllRead = isContent(set.type);
    for (const field of set.fields) {
      if (field.isLeaf && isAllRead) continue;
      // One after the other: a step too many is the last one.
      if (this.isCutShort) break;
      const found = this.#find(field, { source, parentType: set.type });
      values += this.#valuesOfField(found, found.value);
    }
    known.set(key, values);
    return values;
  }

  #valuesOfField(found: Found, value: unknown): number {
    const below = this.#valuesIn(found, value);
    const { definition, isLeaf } = found.field;
    // Leaves are counted together, and whatever holds a whole page with them.
    return valuesOf(definition, isLeaf) === 0 ? Math.max(below, found.least) : 0;
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
    const before = { ...this.#look.asked };
    const value = this.#resolve(field, parent);
    const { readings, ranked } = this.#look.asked;
    const least = Math.max(ranked - before.ranked, itemsOf(field));
    this.#steps += 1 + least;
    return { field, value, readings: Math.max(1, readings - before.readings), least };
  }

  #resolve(field: SelectedField, parent: { source: unknown; parentType: GraphQLObjectType }): unknown {
    const { definition, args } = field;
    if (args === null) return refused;
    if (definition.resolve === undefined) return null;
    const { schema, contextValue } = this.#args;
    // All that resolvers, graphql-js's own for introspection among them, want to know of where they are.
    const info = { fieldName: definition.name, parentType: parent.parentType, schema } as GraphQLResolveInfo;
    try {
      const value: unknown = definition.resolve(parent.source, args, contextValue, info);
      // It may reject before its turn to be waited for comes.
      if (value instanceof Promise) value.catch(() => {});
      return value;
    } catch {
      return refused;
    }
  }

  /** At least one, for whatever there is takes a place in the answer. */
  #valuesIn(found: Found, value: unknown): number {
    const { field } = found;
    if (value === refused || value instanceof Error) {
      this.#steps += valuesOfError;
      return valuesOfError;
    }
    if (value === null || value === undefined || field.isLeaf) return 1;
    if (Array.isArray(value)) return Math.max(1, this.#valuesInList(found, value));
    const type = this.#typeOf(field, value);
    if (type === undefined) return 1;
    const sets = field.nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
    return Math.max(1, this.#valuesOf(this.#selection.setOf(type, sets), value, found.readings));
  }

  /** A list in an order has all objects here that might come first: the largest stand for those that will. */
  #valuesInList(found: Found, items: readonly unknown[]): number {
    const values: number[] = [];
    for (const item of items) {
      if (this.isCutShort) break;
      this.#steps += 1;
      values.push(this.#valuesIn(found, item));
    }
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

/** Items of lists that a field is given: each is looked at, whether it leads to anything or not. */
function itemsOf({ args }: SelectedField): number {
  const lists = Object.values(args ?? {}).filter((value) => Array.isArray(value));
  return lists.reduce((sum, list) => sum + list.length, 0);
}

async function settled(value: unknown): Promise<unknown> {
  try {
    return await value;
  } catch {
    return refused;
  }
}

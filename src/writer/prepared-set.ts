/** A selection prepared for writing: what is the same for every object that it is made of is found out once. */
import {
  defaultFieldResolver,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  type GraphQLAbstractType,
  type GraphQLFieldResolver,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
} from 'graphql';
import { counterFieldOf } from '../graph/extension.ts';
import { ConstantBytes } from './byte-sink.ts';
import { CounterRun } from './counter-run.ts';
import type { SelectedField, SelectedSet, Selection } from './selection.ts';

/** What becomes of a value, by its type. */
export type Completion =
  | { readonly kind: 'nonNull'; readonly of: Completion }
  | { readonly kind: 'list'; readonly of: Completion }
  | { readonly kind: 'leaf'; readonly type: GraphQLLeafType }
  | { readonly kind: 'object'; readonly type: GraphQLObjectType }
  | { readonly kind: 'abstract'; readonly type: GraphQLAbstractType };

/** A field of an object, or a run of counters that stand side by side. */
export type PreparedItem = PreparedField | CounterRun<PreparedField>;

/** What all sets of one operation are prepared in. */
export interface Preparation {
  readonly schema: GraphQLSchema;
  readonly selection: Selection;
}

/** All that is selected of an object type in one place. */
export interface PreparedSet {
  readonly type: GraphQLObjectType;
  readonly items: readonly PreparedItem[];
}

const prepared = new WeakMap<SelectedSet, PreparedSet>();

/** The set prepared; the very same for the same one. */
export function prepareSet(set: SelectedSet, preparation: Preparation): PreparedSet {
  let known = prepared.get(set);
  if (known === undefined) prepared.set(set, (known = prepare(set, preparation)));
  return known;
}

function prepare({ type, fields }: SelectedSet, preparation: Preparation): PreparedSet {
  const items: PreparedItem[] = [];
  let run: PreparedField[] = [];
  const endRun = (): void => {
    if (run.length > 0) items.push(new CounterRun(run));
    run = [];
  };
  for (const [n, field] of fields.entries()) {
    const preparedField = new PreparedField(field, { type, isFirst: n === 0, preparation });
    if (
      preparedField.counter !== null &&
      run.every(({ counter }) => counter?.by === preparedField.counter?.by)
    ) {
      run.push(preparedField);
      continue;
    }
    endRun();
    if (preparedField.counter !== null) run.push(preparedField);
    else items.push(preparedField);
  }
  endRun();
  return { type, items };
}

/** A field that is selected, with all that does not depend on the object it is asked of. */
export class PreparedField {
  readonly selected: SelectedField;
  readonly name: string;
  /** `,"name":`, or with the brace in place of the comma. */
  readonly key: ConstantBytes;
  readonly keyText: string;
  readonly completion: Completion;
  readonly isNonNull: boolean;
  readonly resolve: GraphQLFieldResolver<unknown, unknown>;
  readonly info: GraphQLResolveInfo;
  readonly counter: ReturnType<typeof counterFieldOf>;
  readonly #preparation: Preparation;
  #lastSet: PreparedSet | null = null;

  constructor(
    selected: SelectedField,
    place: { type: GraphQLObjectType; isFirst: boolean; preparation: Preparation },
  ) {
    const { definition, nodes } = selected;
    const [node] = nodes;
    const { schema } = place.preparation;
    this.selected = selected;
    this.name = node?.alias?.value ?? definition.name;
    this.keyText = `${place.isFirst ? '{' : ','}"${this.name}":`;
    this.key = new ConstantBytes(this.keyText);
    this.completion = completionOf(definition.type);
    this.isNonNull = isNonNullType(definition.type);
    this.resolve = definition.resolve ?? defaultFieldResolver;
    // All that resolvers, graphql-js's own for introspection among them, want to know of where they are.
    this.info = {
      fieldName: definition.name,
      fieldNodes: nodes,
      returnType: definition.type,
      parentType: place.type,
      schema,
    } as unknown as GraphQLResolveInfo;
    this.counter = counterFieldOf(definition);
    this.#preparation = place.preparation;
  }

  /** What is selected of the field's value, which is of this type. Throws what graphql-js does where that cannot be said. */
  setOf(type: GraphQLObjectType): PreparedSet {
    if (this.#lastSet?.type === type) return this.#lastSet;
    const sets = this.selected.nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
    const set = this.#preparation.selection.setOf(type, sets);
    this.#lastSet = prepareSet(set, this.#preparation);
    return this.#lastSet;
  }
}

function completionOf(type: GraphQLOutputType): Completion {
  if (isNonNullType(type)) return { kind: 'nonNull', of: completionOf(type.ofType) };
  if (isListType(type)) return { kind: 'list', of: completionOf(type.ofType) };
  if (isLeafType(type)) return { kind: 'leaf', type };
  return isObjectType(type) ? { kind: 'object', type } : { kind: 'abstract', type };
}

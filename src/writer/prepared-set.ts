/** A selection prepared for writing: everything that is equal for all objects is computed once. */
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

/** How to complete a value, by its type. */
export type Completion =
  | { readonly kind: 'nonNull'; readonly of: Completion }
  | { readonly kind: 'list'; readonly of: Completion }
  | { readonly kind: 'leaf'; readonly type: GraphQLLeafType }
  | { readonly kind: 'object'; readonly type: GraphQLObjectType }
  | { readonly kind: 'abstract'; readonly type: GraphQLAbstractType };

/** A field of an object, or a run of adjacent counters. */
export type PreparedItem = PreparedField | CounterRun<PreparedField>;

/** What all sets of one operation are prepared with. */
export interface Preparation {
  readonly schema: GraphQLSchema;
  readonly selection: Selection;
}

/** All fields selected of an object type at one position of the response. */
export interface PreparedSet {
  readonly type: GraphQLObjectType;
  readonly items: readonly PreparedItem[];
}

const prepared = new WeakMap<SelectedSet, PreparedSet>();

/** The prepared set: the same object for the same set. */
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

/** A selected field, with everything that does not depend on the parent object. */
export class PreparedField {
  readonly selected: SelectedField;
  readonly name: string;
  /** `,"name":`, or `{"name":` for the first field. */
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
    // All that resolvers use of the info, including those of graphql-js for introspection.
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

  /** The fields selected of the field's value, which has this type. Throws the same errors as graphql-js. */
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

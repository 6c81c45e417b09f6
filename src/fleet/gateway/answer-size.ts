/** Estimates the size of a host's response before the request is sent. */
import {
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type FieldNode,
  type GraphQLField,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type SelectionSetNode,
} from 'graphql';

/** A value of 64 bits with its quotes and separators, or a short text. */
const bytesOfValue = 24;
/** The braces of an object and the separators around it. */
const bytesOfObject = 4;
/** Items of a list without `first`: gateways do not know how many objects a host has. */
const assumedItems = 32;

type Info = Pick<GraphQLResolveInfo, 'schema' | 'fragments' | 'parentType' | 'variableValues'>;

/** The estimated bytes of a host's response for these fields with one response key. Lists may be longer or shorter. */
export function estimatedBytes(fields: readonly FieldNode[], info: Info): number {
  const estimate = new Estimate(info);
  return fields.reduce(
    (sum, field) => sum + estimate.ofField(field, { parent: info.parentType, first: null }),
    0,
  );
}

/** The position of a selection: its parent type, and the `first` that applies to the lists in it. */
interface Place {
  readonly parent: GraphQLOutputType;
  readonly first: number | null;
}

class Estimate {
  readonly #info: Info;
  /** By the name of the fragment and the enclosing `first`. */
  readonly #fragments = new Map<string, number>();

  constructor(info: Info) {
    this.#info = info;
  }

  ofField(field: FieldNode, { parent, first: outer }: Place): number {
    const key = (field.alias ?? field.name).value.length;
    const definition = fieldOf(parent, field.name.value);
    if (definition === null) return key + bytesOfValue;
    const first = this.#firstOf(field, definition) ?? outer;
    const isList = isListOf(definition.type);
    const items = isList ? (first ?? assumedItems) : 1;
    const type = getNamedType(definition.type);
    if (isLeafType(type) || field.selectionSet === undefined) return key + items * bytesOfValue;
    const inner = this.#ofSelections(field.selectionSet, { parent: type, first: isList ? null : first });
    return key + items * (bytesOfObject + inner);
  }

  #ofSelections(set: SelectionSetNode, place: Place): number {
    let bytes = 0;
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) bytes += this.ofField(selection, place);
      else if (selection.kind === Kind.FRAGMENT_SPREAD)
        bytes += this.#ofFragment(selection.name.value, place);
      else {
        const parent = this.#typeOf(selection.typeCondition?.name.value) ?? place.parent;
        bytes += this.#ofSelections(selection.selectionSet, { ...place, parent });
      }
    }
    return bytes;
  }

  #ofFragment(name: string, { parent, first }: Place): number {
    const key = `${name} ${first}`;
    let bytes = this.#fragments.get(key);
    if (bytes === undefined) {
      const fragment = this.#info.fragments[name];
      if (fragment === undefined) return 0;
      const type = this.#typeOf(fragment.typeCondition.name.value) ?? parent;
      bytes = this.#ofSelections(fragment.selectionSet, { parent: type, first });
      this.#fragments.set(key, bytes);
    }
    return bytes;
  }

  #typeOf(name: string | undefined): GraphQLOutputType | null {
    const type = name === undefined ? null : this.#info.schema.getType(name);
    return type != null && isCompositeType(type) ? type : null;
  }

  /** The argument `first`: a literal, the value of a variable, or the default. */
  #firstOf(field: FieldNode, definition: GraphQLField<unknown, unknown>): number | null {
    const argument = definition.args.find(({ name }) => name === 'first');
    if (argument === undefined) return null;
    const value = field.arguments?.find(({ name }) => name.value === 'first')?.value;
    if (value?.kind === Kind.INT) return Number(value.value);
    const given =
      value?.kind === Kind.VARIABLE ? this.#info.variableValues[value.name.value] : argument.defaultValue;
    return typeof given === 'number' ? given : null;
  }
}

function fieldOf(parent: GraphQLOutputType, name: string): GraphQLField<unknown, unknown> | null {
  if (!isObjectType(parent) && !isInterfaceType(parent)) return null;
  return parent.getFields()[name] ?? null;
}

function isListOf(type: GraphQLOutputType): boolean {
  return isListType(isNonNullType(type) ? type.ofType : type);
}

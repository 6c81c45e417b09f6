/** What an operation selects of a type, after fragments, @skip and @include, and merged fields. */
import {
  getArgumentValues,
  getDirectiveValues,
  getNamedType,
  getVariableValues,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  isAbstractType,
  isLeafType,
  Kind,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
  type ExecutionArgs,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedOutputType,
  type GraphQLObjectType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';

/** A selected field of an object type, from one or more places in the document. */
export interface SelectedField {
  readonly nodes: readonly FieldNode[];
  readonly definition: GraphQLField<unknown, unknown>;
  /** Its type without list and non-null wrappers. */
  readonly type: GraphQLNamedOutputType;
  readonly isLeaf: boolean;
  /** Its arguments; null if they are invalid. */
  readonly args: Readonly<Record<string, unknown>> | null;
  /** Coerces the arguments again to throw their error, as graphql-js does; the same error each time. */
  readonly rethrowArguments: () => Readonly<Record<string, unknown>>;
}

/** All fields selected of an object type at one position of the response. */
export interface SelectedSet {
  readonly type: GraphQLObjectType;
  readonly fields: readonly SelectedField[];
}

/** What selections are computed from. */
interface SelectionOptions {
  readonly schema: GraphQLSchema;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** Coerced values. */
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Selections by operation, or by the object of its variables if the operation has variables. */
const selections = new WeakMap<OperationDefinitionNode | object, CachedSelection>();

interface CachedSelection {
  readonly operation: OperationDefinitionNode;
  readonly selection: Selection;
}

/** The execution reports invalid variables; here one error is enough to stop. */
const firstErrorOnly = { maxErrors: 1 };

/** The selections of an operation; null if its variables are invalid. */
export function selectionOf(operation: OperationDefinitionNode, args: ExecutionArgs): Selection | null {
  const { schema, document, variableValues } = args;
  const definitions = operation.variableDefinitions ?? [];
  const key = definitions.length === 0 ? operation : variableValues;
  const kept = key == null ? undefined : selections.get(key);
  if (kept?.operation === operation) return kept.selection;
  const { coerced } = getVariableValues(schema, definitions, variableValues ?? {}, firstErrorOnly);
  if (coerced === undefined) return null;
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const selection = new Selection({ schema, fragments, variables: coerced });
  if (key != null) selections.set(key, { operation, selection });
  return selection;
}

/** The selections of one operation with its variables. Equal nodes share one set, wherever fragments spread them. */
export class Selection {
  readonly #options: SelectionOptions;
  readonly #sets = new Map<string, SelectedSet>();
  readonly #numbers = new Map<SelectionSetNode, number>();

  constructor(options: SelectionOptions) {
    this.#options = options;
  }

  /** The fields that the selection sets together select of an object type. */
  setOf(type: GraphQLObjectType, selectionSets: readonly SelectionSetNode[]): SelectedSet {
    const key = `${type.name} ${selectionSets.map((set) => this.#numberOf(set)).join()}`;
    let set = this.#sets.get(key);
    if (set === undefined) this.#sets.set(key, (set = this.#collect(type, selectionSets)));
    return set;
  }

  #numberOf(set: SelectionSetNode): number {
    const number = this.#numbers.get(set) ?? this.#numbers.size;
    this.#numbers.set(set, number);
    return number;
  }

  #collect(type: GraphQLObjectType, selectionSets: readonly SelectionSetNode[]): SelectedSet {
    const nodes = new Map<string, FieldNode[]>();
    const spread = new Set<string>();
    const collect = (selections: readonly SelectionNode[]): void => {
      for (const selection of selections) {
        if (!this.#isIncluded(selection)) continue;
        if (selection.kind === Kind.FIELD) {
          const name = selection.alias?.value ?? selection.name.value;
          const same = nodes.get(name);
          if (same === undefined) nodes.set(name, [selection]);
          else same.push(selection);
          continue;
        }
        if (selection.kind === Kind.FRAGMENT_SPREAD) {
          if (spread.has(selection.name.value)) continue;
          spread.add(selection.name.value);
        }
        const fragment =
          selection.kind === Kind.INLINE_FRAGMENT
            ? selection
            : this.#options.fragments.get(selection.name.value);
        if (fragment === undefined || !this.#applies(type, fragment.typeCondition?.name.value)) continue;
        collect(fragment.selectionSet.selections);
      }
    };
    for (const { selections } of selectionSets) collect(selections);
    return { type, fields: [...nodes.values()].flatMap((same) => this.#fieldOf(type, same) ?? []) };
  }

  #isIncluded(node: SelectionNode): boolean {
    if (node.directives === undefined || node.directives.length === 0) return true;
    const { variables } = this.#options;
    if (getDirectiveValues(GraphQLSkipDirective, node, variables)?.['if'] === true) return false;
    return getDirectiveValues(GraphQLIncludeDirective, node, variables)?.['if'] !== false;
  }

  #applies(type: GraphQLObjectType, condition: string | undefined): boolean {
    if (condition === undefined || condition === type.name) return true;
    const { schema } = this.#options;
    const conditional = schema.getType(condition);
    return isAbstractType(conditional) && schema.isSubType(conditional, type);
  }

  #fieldOf(type: GraphQLObjectType, nodes: readonly FieldNode[]): SelectedField | undefined {
    const [node] = nodes;
    if (node === undefined) return undefined;
    const definition = definitionOf(type, { name: node.name.value, schema: this.#options.schema });
    if (definition === undefined) return undefined;
    const named = getNamedType(definition.type);
    return {
      nodes,
      definition,
      type: named,
      isLeaf: isLeafType(named),
      args: this.#argsOf(definition, node),
      rethrowArguments: rethrowing(() => getArgumentValues(definition, node, this.#options.variables)),
    };
  }

  #argsOf(definition: SelectedField['definition'], node: FieldNode): SelectedField['args'] {
    if (definition.args.length === 0) return noArgs;
    try {
      return getArgumentValues(definition, node, this.#options.variables);
    } catch {
      // The execution of the field reports the error.
      return null;
    }
  }
}

/** Runs `work` until it throws, then rethrows the same error: one error serves all objects of the field. */
function rethrowing<Result>(work: () => Result): () => Result {
  let problem: { readonly thrown: unknown } | undefined;
  return () => {
    if (problem !== undefined) throw problem.thrown;
    try {
      return work();
    } catch (thrown) {
      problem = { thrown };
      throw thrown;
    }
  };
}

const noArgs = {};

function definitionOf(
  type: GraphQLObjectType,
  { name, schema }: { name: string; schema: GraphQLSchema },
): SelectedField['definition'] | undefined {
  const isQuery = type === schema.getQueryType();
  switch (name) {
    case TypeNameMetaFieldDef.name:
      return TypeNameMetaFieldDef;
    case SchemaMetaFieldDef.name:
      return isQuery ? SchemaMetaFieldDef : undefined;
    case TypeMetaFieldDef.name:
      return isQuery ? TypeMetaFieldDef : undefined;
    default:
      return type.getFields()[name];
  }
}

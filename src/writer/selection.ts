/** What an operation selects of a type: fragments spread, @skip and @include decided, the same field merged. */
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

/** A field that is selected of an object type, by whatever number of places in the document. */
export interface SelectedField {
  readonly nodes: readonly FieldNode[];
  readonly definition: GraphQLField<unknown, unknown>;
  /** What it gives, without lists and non-null. */
  readonly type: GraphQLNamedOutputType;
  readonly isLeaf: boolean;
  /** Its arguments; null where they are not what the schema asks for. */
  readonly args: Readonly<Record<string, unknown>> | null;
  /** Asks for the arguments again, to hear what is wrong with them: throws it, as graphql-js does, each time the same. */
  readonly rethrowArguments: () => Readonly<Record<string, unknown>>;
}

/** All that is selected of an object type in one place of the answer. */
export interface SelectedSet {
  readonly type: GraphQLObjectType;
  readonly fields: readonly SelectedField[];
}

/** What selections are made of. */
interface SelectionOptions {
  readonly schema: GraphQLSchema;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** Coerced, not as they were sent. */
  readonly variables: Readonly<Record<string, unknown>>;
}

/**
 * Selections of operations without variables, which are the same each time they run, and of the others by the very
 * object that has their variables.
 */
const selections = new WeakMap<OperationDefinitionNode | object, CachedSelection>();

interface CachedSelection {
  readonly operation: OperationDefinitionNode;
  readonly selection: Selection;
}

/** Who executes the operation says what is wrong with its variables, of which there may be very many. */
const firstErrorOnly = { maxErrors: 1 };

/** The selections of an operation; null where its variables are not what it asks for. */
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

/** The selections of one operation with its variables. The same for the same nodes, wherever fragments spread them. */
export class Selection {
  readonly #options: SelectionOptions;
  readonly #sets = new Map<string, SelectedSet>();
  readonly #numbers = new Map<SelectionSetNode, number>();

  constructor(options: SelectionOptions) {
    this.#options = options;
  }

  /** What the selection sets select of an object type together. */
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
      // Who executes the field says what is wrong with them.
      return null;
    }
  }
}

/** What is wrong with arguments is found out once, however many objects the field is asked of. */
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

/**
 * What the answer to an operation is to be, worked out independently: the operation is walked, and each field is what the rules,
 * the host and the numbers in its pages say. No resolver, no access decision and no decoder of the service has a part in
 * it; of graphql-js only the values of arguments and variables.
 */
import {
  GraphQLBoolean,
  getArgumentValues,
  getVariableValues,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  OperationTypeNode,
  valueFromAST,
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLOutputType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { join, type Expectation, type Fault } from './expectation.ts';
import { rootThing, type AskedWorld } from './expected-root.ts';
import type { Meant, Thing } from './expected-thing.ts';

/** An operation as it was sent. */
export interface AskedOperation {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Called with each selected field: "Partition.name". */
  readonly onField?: (name: string) => void;
}

/** The expected response. */
export function expectedAnswer(operation: AskedOperation, world: AskedWorld): Expectation {
  return new Walk(operation).answer(world);
}

class Walk {
  readonly #asked: AskedOperation;
  readonly #operation: OperationDefinitionNode;
  readonly #variables: Record<string, unknown>;

  constructor(asked: AskedOperation) {
    const { schema, document, variables } = asked;
    const operation = document.definitions.find(({ kind }) => kind === Kind.OPERATION_DEFINITION);
    this.#asked = asked;
    this.#operation = operation as OperationDefinitionNode;
    const { coerced, errors } = getVariableValues(
      schema,
      this.#operation.variableDefinitions ?? [],
      variables,
    );
    if (coerced === undefined) throw new Error(errors.map(({ message }) => message).join('\n'));
    this.#variables = coerced;
  }

  answer(world: AskedWorld): Expectation {
    const isLive = this.#operation.operation === OperationTypeNode.SUBSCRIPTION;
    const thing = rootThing(world, isLive ? 'Subscription' : 'Query');
    return this.#object(thing, { sets: [this.#operation.selectionSet], path: '' });
  }

  #meant(
    meant: Meant,
    at: { type: GraphQLOutputType; nodes: readonly FieldNode[]; path: string },
  ): Expectation {
    const { nodes, path } = at;
    const type = isNonNullType(at.type) ? (at.type.ofType as GraphQLOutputType) : at.type;
    switch (meant.is) {
      case 'fails':
        return { is: 'fault', faults: [{ path, codes: meant.codes }] };
      case 'thing': {
        const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
        return this.#object(meant.thing, { sets, path });
      }
      case 'list': {
        const of = isListType(type) ? (type.ofType as GraphQLOutputType) : type;
        const items = meant.items.map((item, n) =>
          this.#meant(item, { type: of, nodes, path: join(path, n) }),
        );
        const isLost = isNonNullType(of) && items.some((item) => item.is === 'fault');
        return isLost ? { is: 'fault', faults: items.flatMap(faultsIn) } : { is: 'list', items };
      }
      case 'either': {
        const alternatives = meant.of.map(({ name, meant: each }) => ({
          name,
          expected: this.#meant(each, { type, nodes, path }),
        }));
        return { is: 'either', tie: meant.tie, of: alternatives };
      }
      default:
        return meant;
    }
  }

  #object(thing: Thing, { sets, path }: { sets: readonly SelectionSetNode[]; path: string }): Expectation {
    const type = this.#asked.schema.getType(thing.type);
    if (!isObjectType(type)) throw new TypeError(`${thing.type} is no object type`);
    const fields = new Map<string, Expectation>();
    let isLost = false;
    for (const [key, nodes] of this.#collect(thing.type, sets)) {
      const [node] = nodes;
      if (node.name.value === '__typename') {
        fields.set(key, { is: 'value', value: thing.type });
        continue;
      }
      const field = type.getFields()[node.name.value];
      if (field === undefined) throw new TypeError(`${thing.type} has no field ${node.name.value}`);
      this.#asked.onField?.(`${thing.type}.${field.name}`);
      const args = getArgumentValues(field, node, this.#variables);
      const meant = thing.field(field.name, args);
      const expected = this.#meant(meant, { type: field.type, nodes, path: join(path, key) });
      // A null that may not be is passed on to what contains it.
      if (isNonNullType(field.type) && expected.is === 'fault') isLost = true;
      fields.set(key, expected);
    }
    return isLost
      ? { is: 'fault', faults: [...fields.values()].flatMap(faultsIn) }
      : { is: 'object', fields };
  }

  /** The selected fields of an object of this type, by their keys in the response. */
  #collect(typeName: string, sets: readonly SelectionSetNode[]): Map<string, [FieldNode, ...FieldNode[]]> {
    const fields = new Map<string, [FieldNode, ...FieldNode[]]>();
    const spread = new Set<string>();
    const collect = ({ selections }: SelectionSetNode): void => {
      for (const selection of selections) {
        if (!this.#isIncluded(selection.directives ?? [])) continue;
        if (selection.kind === Kind.FIELD) {
          const key = (selection.alias ?? selection.name).value;
          const known = fields.get(key);
          if (known === undefined) fields.set(key, [selection]);
          else known.push(selection);
        } else if (selection.kind === Kind.INLINE_FRAGMENT) {
          const on = selection.typeCondition?.name.value;
          if (on === undefined || this.#isOfType(typeName, on)) collect(selection.selectionSet);
        } else if (!spread.has(selection.name.value)) {
          const fragment = this.#fragment(selection.name.value);
          spread.add(selection.name.value);
          if (this.#isOfType(typeName, fragment.typeCondition.name.value)) collect(fragment.selectionSet);
        }
      }
    };
    sets.forEach(collect);
    return fields;
  }

  #fragment(name: string) {
    for (const definition of this.#asked.document.definitions)
      if (definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === name) return definition;
    throw new TypeError(`there is no fragment ${name}`);
  }

  #isOfType(typeName: string, conditionName: string): boolean {
    if (typeName === conditionName) return true;
    const type = this.#asked.schema.getType(typeName);
    return isObjectType(type) && type.getInterfaces().some(({ name }) => name === conditionName);
  }

  #isIncluded(directives: readonly DirectiveNode[]): boolean {
    return directives.every(({ name, arguments: args = [] }) => {
      const [condition] = args;
      const on = condition && valueFromAST(condition.value, GraphQLBoolean, this.#variables);
      return (on === true) === (name.value === 'include');
    });
  }
}

/** All errors that may be reported for a place that is lost as a whole. */
function faultsIn(expected: Expectation): Fault[] {
  switch (expected.is) {
    case 'fault':
      return [...expected.faults];
    case 'object':
      return [...expected.fields.values()].flatMap(faultsIn);
    case 'list':
      return expected.items.flatMap(faultsIn);
    case 'either':
      return expected.of.flatMap((each) => faultsIn(each.expected));
    default:
      return [];
  }
}

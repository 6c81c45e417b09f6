/** Documents that select everything in a schema. */
import {
  getNamedType,
  isAbstractType,
  isInterfaceType,
  isLeafType,
  isObjectType,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
} from 'graphql';

/** What an argument is given, as a literal. */
export type LiteralOf = (argument: GraphQLArgument) => string;

/** A document that asks for this field of Query or Subscription and, below it, for each field of each type once. */
export function everythingOf(
  schema: GraphQLSchema,
  {
    operation,
    field,
    literalOf,
  }: { operation: 'query' | 'subscription'; field: string; literalOf: LiteralOf },
): string {
  const root = operation === 'query' ? schema.getQueryType() : schema.getSubscriptionType();
  const definition = root?.getFields()[field];
  if (definition === undefined) throw new Error(`${operation} has no field ${field}`);
  /** The types whose fields have all been selected. */
  const asked = new Set<string>();

  const selection = (type: GraphQLNamedType): string => {
    if (isLeafType(type)) return '';
    if (isAbstractType(type)) {
      const own = isInterfaceType(type) ? Object.values(type.getFields()) : [];
      return `{ ${[...own.map(({ name }) => name), ...schema.getPossibleTypes(type).map(leaves)].join(' ')} }`;
    }
    if (!isObjectType(type) || asked.has(type.name)) return '{ __typename }';
    asked.add(type.name);
    const fields = Object.values(type.getFields());
    // A subscription has no history.
    const selectable = operation === 'query' ? fields : fields.filter(({ name }) => name !== 'history');
    return `{ ${selectable.map(write).join(' ')} }`;
  };
  const write = ({ name, args, type }: GraphQLField<unknown, unknown>): string => {
    const below = selection(getNamedType(type));
    const isBackward = (argument: GraphQLArgument): boolean => ['last', 'before'].includes(argument.name);
    // An order has no cursors.
    const hasPlace = args.some((argument) => argument.name === 'after');
    const isOrder = (argument: GraphQLArgument): boolean => hasPlace && argument.name === 'orderBy';
    const given = (some: readonly GraphQLArgument[]): string =>
      some.length === 0 ? '' : `(${some.map((one) => `${one.name}: ${literalOf(one)}`).join(', ')})`;
    const plain = args.filter((argument) => !isBackward(argument) && !isOrder(argument));
    const order = args.filter(isOrder);
    const inOrder = order.length === 0 ? '' : ` ${name}InOrder: ${name}${given(order)} { __typename }`;
    const forward = `${name}${given(plain)} ${below}${inOrder}`;
    // From the front and from the end a list cannot be asked for at once.
    const backward = args.filter(isBackward);
    return backward.length === 0
      ? forward
      : `${forward} ${name}FromTheEnd: ${name}${given(backward)} { __typename }`;
  };
  return `${operation} Everything { ${write(definition)} }`;
}

/** Below an interface only what is plain: one name may be of a different type in each type. */
function leaves(type: GraphQLNamedType): string {
  if (!isObjectType(type)) throw new Error(`${type.name} is no object type`);
  const names = Object.values(type.getFields())
    .filter((field) => isLeafType(getNamedType(field.type)))
    .map(({ name }) => name);
  return `... on ${type.name} { ${names.join(' ')} }`;
}

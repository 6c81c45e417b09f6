/** Resolvers of the types of a host's graph, which read the responses of hosts. */
import {
  isInterfaceType,
  isObjectType,
  isScalarType,
  type GraphQLScalarType,
  type GraphQLSchema,
} from 'graphql';
import { typeKey } from './fleet-node.ts';
import { readByKey, readHost, readId } from './host-answer.ts';
import { readReported, reportedDescription } from './reported-counter.ts';

/** The types of the fleet itself, whose fields have resolvers. All other types take their values from responses. */
const ownTypes: ReadonlySet<string> = new Set([
  'Query',
  'Subscription',
  'Fleet',
  'FleetService',
  'FleetTotals',
  'FleetViewer',
  'Host',
  'HostConnection',
  'HostPageInfo',
  'CounterDefinition',
]);

/** Replaces the resolvers of a host's graph: they read responses of hosts instead of a source. */
export function readAnswers(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__')) continue;
    if (isScalarType(type) && ['UInt64', 'Duration', 'DateTime'].includes(type.name)) passText(type);
    if (isInterfaceType(type)) type.resolveType = typeOfNode;
    if (!isObjectType(type) || ownTypes.has(type.name)) continue;
    type.isTypeOf = null;
    for (const field of Object.values(type.getFields())) {
      const isOfHost = 'id' in type.getFields();
      field.resolve =
        isOfHost && field.name === 'host' ? readHost : isOfHost && field.name === 'id' ? readId : readByKey;
    }
  }
  const definition = schema.getType('CounterDefinition');
  if (isObjectType(definition)) {
    const { isReported } = definition.getFields();
    if (isReported === undefined) return;
    isReported.resolve = readReported;
    isReported.description = reportedDescription;
  }
}

/** In a response these scalars are strings already. A number is the default of an argument, when the schema is printed. */
function passText(type: GraphQLScalarType): void {
  const { serialize } = type;
  type.serialize = (value) => {
    if (typeof value === 'string') return value;
    if (typeof value === 'number' && type.name === 'Duration') return serialize(value);
    throw new TypeError(`${type.name} needs a text`);
  };
}

function typeOfNode(value: unknown): string {
  const type = (value as Record<string, unknown>)[typeKey];
  return typeof type === 'string' ? type : 'Host';
}

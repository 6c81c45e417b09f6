/** The scalars: 64-bit numbers, lengths of time and timestamps. */
import { GraphQLError, Kind, type ValueNode } from 'graphql';
import { excerpt } from '../../lib/json.ts';
import { formatDuration, parseDuration } from '../../snapshot/duration.ts';
import { maxUInt64 } from '../../catalogue/counter.ts';
import type { Builder } from '../builder.ts';

const decimal = /^[0-9]{1,20}$/;

export function defineScalars(builder: Builder): void {
  builder.scalarType('UInt64', {
    description:
      'A whole number from 0 to 2^64-1. Results have it as a decimal string; arguments may be a string or an integer.',
    serialize: (value) => String(value),
    parseValue: parseUInt64,
    parseLiteral: (node) => parseLiteral(node, { kinds: [Kind.STRING, Kind.INT], parse: parseUInt64 }),
  });
  builder.scalarType('Duration', {
    description:
      'A length of time: a number with a unit, such as "250ms", "1s" or "5m", or an ISO 8601 duration without years and months, such as "PT1S". Results always have a number with a unit.',
    serialize: formatDuration,
    parseValue: parseDurationValue,
    parseLiteral: (node) => parseLiteral(node, { kinds: [Kind.STRING], parse: parseDurationValue }),
  });
  builder.scalarType('DateTime', {
    description: 'An RFC 3339 timestamp in UTC.',
    specifiedByURL: 'https://scalars.graphql.org/andimarek/date-time.html',
    serialize: (wallMilliseconds) => new Date(wallMilliseconds).toISOString(),
    parseValue: () => {
      throw new GraphQLError('DateTime is an output type: it cannot be an argument.');
    },
  });
}

/** A u64 from a string of digits, or from a JSON number that is a safe integer. */
export function parseUInt64(value: unknown): bigint {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw unfit(value, 'is not a whole number that JSON carries exactly: write it as a string');
  }
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  if (!decimal.test(text)) throw unfit(value, `is not a whole number from 0 to ${maxUInt64}`);
  const number = BigInt(text);
  if (number > maxUInt64) throw unfit(value, `is more than ${maxUInt64}, the largest that 64 bits hold`);
  return number;
}

function parseDurationValue(value: unknown): number {
  if (typeof value !== 'string')
    throw unfit(value, 'is not a length of time: write it as a string such as "1s"');
  try {
    return parseDuration(value);
  } catch (error) {
    throw error instanceof RangeError ? new GraphQLError(error.message) : error;
  }
}

/** The value of a literal of one of these kinds. Its errors have the location of the literal. */
function parseLiteral<Value>(
  node: ValueNode,
  { kinds, parse }: { readonly kinds: readonly Kind[]; readonly parse: (value: unknown) => Value },
): Value {
  if (!kinds.includes(node.kind))
    throw new GraphQLError(`Expected a literal of kind ${kinds.join(' or ')}; found ${node.kind}.`, {
      nodes: node,
    });
  try {
    return parse('value' in node ? node.value : undefined);
  } catch (error) {
    // graphql-js adds no location to an error of a scalar.
    throw error instanceof GraphQLError ? new GraphQLError(error.message, { nodes: node }) : error;
  }
}

function unfit(value: unknown, problem: string): GraphQLError {
  return new GraphQLError(`${show(value)} ${problem}.`);
}

/** An excerpt of a value. Lists and objects are not printed, because they may be nested too deeply. */
function show(value: unknown): string {
  if (Array.isArray(value)) return 'A list';
  if (typeof value === 'object') return 'An object';
  return excerpt(JSON.stringify(value), 40);
}

/** The fields of counters, for operations that ask for all of them. */
import { buildSchema, isObjectType } from 'graphql';
import { readFileSync } from 'node:fs';

const schema = buildSchema(readFileSync(new URL('../../schema/schema.graphql', import.meta.url), 'utf8'));

/** Of a logical processor. */
export const logicalProcessorCounters = fieldsOf('LogicalProcessorCounters');
/** Of a virtual processor. */
export const virtualProcessorCounters = fieldsOf('VirtualProcessorCounters');

function fieldsOf(name: string): string {
  const type = schema.getType(name);
  if (!isObjectType(type)) throw new TypeError(`The schema has no ${name}.`);
  return Object.keys(type.getFields()).join(' ');
}

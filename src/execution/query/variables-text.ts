/** Variables as a text that identifies them, as part of the key of an operation. */

/** Longer variables are not identified: the same ones are unlikely to be sent again. */
const lengthLimit = 2_000;

/**
 * The same text for the same variables in the same order; null if the text would be too long or a value has no JSON
 * form. Stops as soon as the text is too long.
 */
export function variablesText(variables: Readonly<Record<string, unknown>>): string | null {
  const text = textOf(variables, lengthLimit);
  return text === null || text.length > lengthLimit ? null : text;
}

function textOf(value: unknown, room: number): string | null {
  if (room < 0) return null;
  switch (typeof value) {
    case 'string':
      return value.length > room ? null : JSON.stringify(value);
    case 'boolean':
      return String(value);
    case 'number':
      // JSON would write Infinity as null and -0 as 0.
      return Number.isFinite(value) && !Object.is(value, -0) ? String(value) : null;
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? listText(value, room) : recordText(value, room);
    default:
      return null;
  }
}

function listText(list: readonly unknown[], room: number): string | null {
  let text = '[';
  for (const item of list) {
    const itemText = textOf(item, room - text.length);
    if (itemText === null) return null;
    text += `${itemText},`;
  }
  return `${text}]`;
}

function recordText(record: object, room: number): string | null {
  // Yoga parses the variables of a GET request to objects without a prototype.
  const prototype: unknown = Object.getPrototypeOf(record);
  if (prototype !== Object.prototype && prototype !== null) return null;
  let text = '{';
  for (const [name, value] of Object.entries(record)) {
    const valueText = name.length > room ? null : textOf(value, room - text.length);
    if (valueText === null) return null;
    text += `${JSON.stringify(name)}:${valueText},`;
  }
  return `${text}}`;
}

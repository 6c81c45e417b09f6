/** Variables as a text that tells them from all others, to know an operation by. */

/** Longer ones are not told: whoever sends so much is not likely to send the same again. */
const lengthLimit = 2_000;

/**
 * The same text for the same variables in the same order; null where they are too long for it, or hold what JSON has no
 * words for. Stops as soon as it is too long.
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
      // JSON would say null of what is too large for a number, and 0 of -0.
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
  // Null is what Yoga's GET gives them: no prototype at all.
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

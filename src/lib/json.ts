/** JSON from clients and files. */

/** Deeper than any operation, variable or payload needs; `JSON.stringify` exhausts the stack at a few thousand. */
export const nestingLimit = 100;

/**
 * Parses a text. Throws a SyntaxError if it is not JSON, and a RangeError, before parsing, if it is nested so deeply that
 * recursion over the value would fail.
 */
export function parseJsonText(text: string): unknown {
  if (isNestedTooDeeply(text)) throw new RangeError(`JSON needs to be nested at most ${nestingLimit} deep.`);
  return JSON.parse(text);
}

/** The text of a file without the byte order mark that some editors write. */
export function withoutByteOrderMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

/** Whether a value is a JSON object: neither null nor an array. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Shortens a text to `limit` characters, with an ellipsis if it was longer. */
export function excerpt(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 1)}…`;
}

const [quote, backslash, openBracket, closeBracket, openBrace, closeBrace] = [
  0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d,
];

function isNestedTooDeeply(text: string): boolean {
  let depth = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) isInString = !isInString;
    else if (isInString) {
      if (code === backslash) at += 1;
    } else if (code === openBracket || code === openBrace) {
      depth += 1;
      if (depth > nestingLimit) return true;
    } else if (code === closeBracket || code === closeBrace) depth -= 1;
  }
  return false;
}

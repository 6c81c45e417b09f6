/** JSON that strangers send: read only where it is no deeper than what reads and writes it again can stand. */

/** Far more than any question, variable or payload needs; `JSON.stringify` exhausts the stack at a few thousand. */
export const nestingLimit = 100;

/**
 * The value of a text. Throws a SyntaxError for what is not JSON, and a RangeError for what is nested too deeply: a
 * megabyte of brackets can be read, but whatever walks it by recursion afterwards, be it to answer a ping with its own
 * payload, fails at a place where nobody expects it.
 */
export function parseJsonText(text: string): unknown {
  if (isNestedTooDeeply(text)) throw new RangeError(`JSON needs to be nested at most ${nestingLimit} deep.`);
  return JSON.parse(text);
}

function isNestedTooDeeply(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case quote:
        at = endOfString(text, at);
        break;
      case openBracket:
      case openBrace:
        depth += 1;
        if (depth > nestingLimit) return true;
        break;
      case closeBracket:
      case closeBrace:
        depth -= 1;
    }
  }
  return false;
}

const [quote, backslash, openBracket, closeBracket, openBrace, closeBrace] = [
  0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d,
];

/** Where the string that begins here ends. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === backslash) at += 1;
    else if (code === quote) return at;
  }
  return text.length;
}

/** Texts from elsewhere on their way to a terminal. */

/**
 * What a terminal takes for a command, and what turns the order of a line around or breaks it: control characters (Cc),
 * those of formatting (Cf, which has the bidirectional ones), line and paragraph separators (Zl, Zp).
 */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** The text on one line, with "\u{1b}" where it would do more than show. */
export function printable(text: string): string {
  return text.replace(unprintable, (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`);
}

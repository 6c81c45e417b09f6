/** Texts for people: counts, sizes, and texts from elsewhere made safe for a terminal. */

/** "1 frame", "1,217 pages". */
export function formatCount(count: number, what: string): string {
  return `${count.toLocaleString('en-US')} ${what}${count === 1 ? '' : 's'}`;
}

const units = ['B', 'KB', 'MB', 'GB', 'TB'];

/** "4.1 KB", in powers of 1000. */
export function formatBytes(bytes: number): string {
  let amount = bytes;
  let unit = 0;
  while (amount >= 1000 && unit < units.length - 1) {
    amount /= 1000;
    unit++;
  }
  return `${unit === 0 ? amount : amount.toFixed(1)} ${units[unit] ?? ''}`;
}

/**
 * Characters that a terminal interprets as commands, or that reorder or break a line: control characters (Cc), format characters
 * (Cf, which includes the bidirectional ones), line and paragraph separators (Zl, Zp).
 */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** The text on one line, with escapes such as "\u{1b}" instead of characters that a terminal would interpret. */
export function printable(text: string): string {
  return text.replace(unprintable, (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`);
}

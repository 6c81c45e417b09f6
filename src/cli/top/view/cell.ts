/** The cells of a table: a number as text, or the reason why it is missing. */

/** The reasons for missing numbers. Each has its own sign, so that a missing number is not mistaken for zero. */
export type Missing = 'denied' | 'failed' | 'unreported' | 'waiting' | 'reset' | 'idle' | 'still';

/** A number or a name, or the reason why it is missing. */
export interface Cell {
  readonly text: string;
  readonly missing: Missing | null;
  /** The value as in the graph: 64-bit numbers as decimal strings. */
  readonly value: string | number | null;
}

/** The sign and the meaning of each reason. */
export const signs: Readonly<Record<Missing, { readonly sign: string; readonly meaning: string }>> = {
  denied: { sign: 'denied', meaning: 'this token may not read it' },
  failed: { sign: 'failed', meaning: 'the source could not provide it' },
  unreported: { sign: '-', meaning: 'the source does not report it' },
  waiting: { sign: '..', meaning: 'waiting for a second reading' },
  reset: { sign: 'reset', meaning: 'the counter was reset' },
  idle: { sign: '.', meaning: 'no operation, so no average cost' },
  still: { sign: '=', meaning: "the source's clock does not advance" },
};

/** The cell for a missing number. */
export function missingCell(missing: Missing): Cell {
  return { text: signs[missing].sign, missing, value: null };
}

/** The cell of a text. */
export function textCell(text: string): Cell {
  return { text, missing: null, value: text };
}

/**
 * The cell of a number: a 64-bit number with all its digits, a percentage or a rate with one decimal if it is small.
 */
export function numberCell(value: string | number): Cell {
  return { text: typeof value === 'string' ? value : formatRate(value), missing: null, value };
}

/** "0", "0.03", "4.2", "1234". Never shows a number above zero as zero. */
export function formatRate(rate: number): string {
  const size = Math.abs(rate);
  if (size === 0) return '0';
  if (size < 0.01) return '<.01';
  if (size < 1) return rate.toFixed(2);
  return size < 999.5 ? rate.toFixed(1) : Math.round(rate).toString();
}

/** Compares two cells for descending order. Missing numbers come last in both directions. */
export function compareCells(one: Cell, other: Cell, isDescending: boolean): number {
  if (one.value === null || other.value === null)
    return Number(one.value === null) - Number(other.value === null);
  const order = compareValues(one.value, other.value);
  return isDescending ? -order : order;
}

function compareValues(one: string | number, other: string | number): number {
  if (typeof one === 'number' && typeof other === 'number') return one - other;
  const [a, b] = [String(one), String(other)];
  if (!/^\d+$/.test(a) || !/^\d+$/.test(b)) return a < b ? -1 : Number(a > b);
  // 64-bit numbers do not fit into a number.
  return a.length === b.length ? (a < b ? -1 : Number(a > b)) : a.length - b.length;
}

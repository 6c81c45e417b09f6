/** Converts frames for uPlot: a column of seconds, and one for each line. */
import type { Frames } from '../reading/frames.ts';

/** The columns, with null for gaps in a line, and the seconds at which totals were reset. */
export interface AlignedData {
  readonly columns: readonly (readonly (number | null)[])[];
  readonly resets: readonly number[];
}

/** Values further apart than this have a gap between them; a rate covers its interval. */
const gapMilliseconds = 2_500;

/** The lines of these rows. A period without readings is a gap in the line. */
export function alignedData(
  frames: Frames,
  keys: readonly string[],
  [from, to]: readonly [number, number],
): AlignedData {
  const times: number[] = [];
  const lines = keys.map((): (number | null)[] => []);
  const rows = keys.map((key) => frames.rowOf(key));
  const resets: number[] = [];
  let before: number | null = null;
  for (const { at, seconds, values, resets: resetRows } of frames.all) {
    // One more point on either side, so that lines reach the edges.
    if (at < from - gapMilliseconds || at > to + gapMilliseconds) continue;
    if (!rows.some((row) => values[row] !== undefined)) continue;
    if (before !== null && at - (seconds ?? 0) * 1_000 - before > gapMilliseconds) {
      times.push((before + 1) / 1_000);
      for (const line of lines) line.push(null);
    }
    times.push(at / 1_000);
    rows.forEach((row, n) => {
      const value = values[row];
      lines[n]?.push(
        value === undefined || Number.isNaN(value) || resetRows?.has(row) === true ? null : value,
      );
    });
    if (rows.some((row) => resetRows?.has(row))) resets.push(at / 1_000);
    before = at;
  }
  return { columns: [times, ...lines], resets };
}

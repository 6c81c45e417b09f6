/** Lengths of time as people write them: a number and a unit. */

/** Milliseconds in each unit, the largest first. */
const units = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

/** Digits, a fraction if wanted, a unit. More digits than a double holds are no use, and would cost time. */
const pattern = /^(?<whole>\d{1,16})(?:\.(?<fraction>\d{1,16}))?(?<unit>ms|s|m|h)$/;

/**
 * The whole milliseconds of a text like "250ms", "1.5s", "5m" or "1h". Throws a RangeError that shows the text where
 * it is anything else: a sign, a space, no unit or another one, a fraction of a millisecond, a time too long to count.
 */
export function parseDuration(text: string): number {
  const { whole, fraction = '', unit } = pattern.exec(text)?.groups ?? {};
  const factor = units.find(([name]) => name === unit)?.[1];
  if (whole === undefined || factor === undefined) {
    throw unfit(
      text,
      'is not a length of time: needed is a number and one of the units ms, s, m, h, such as "250ms", "1s" or "5m"',
    );
  }
  // In integers, since 1.1 × 1000 is 1100.0000000000002 in doubles.
  const scale = 10n ** BigInt(fraction.length);
  const scaled = BigInt(whole + fraction) * BigInt(factor);
  if (scaled % scale !== 0n)
    throw unfit(text, 'is finer than a millisecond, the smallest step of a length of time');
  const milliseconds = Number(scaled / scale);
  if (!Number.isSafeInteger(milliseconds))
    throw unfit(text, 'is a longer time than can be counted in milliseconds');
  return milliseconds;
}

/**
 * A number of milliseconds as `parseDuration` reads it back, in the largest unit that divides it: 90000 is "90s".
 * Throws a RangeError for what is no length of time: negative, or not whole.
 */
export function formatDuration(milliseconds: number): string {
  if (!Number.isSafeInteger(milliseconds) || milliseconds < 0) {
    throw new RangeError(`${milliseconds} is not a whole number of milliseconds.`);
  }
  const [name, factor] = units.find(
    ([, candidate]) => milliseconds % candidate === 0 && milliseconds > 0,
  ) ?? ['ms', 1];
  return `${milliseconds / factor}${name}`;
}

function unfit(text: string, problem: string): RangeError {
  const shown = text.length <= 40 ? text : `${text.slice(0, 39)}…`;
  return new RangeError(`${JSON.stringify(shown)} ${problem}.`);
}

/** Durations: a number and a unit, or ISO 8601. */
import { excerpt } from '../lib/json.ts';

/** Milliseconds in each unit, the largest first. */
const units = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

/** Digits, an optional fraction, a unit. More digits than a double holds are useless and would cost time. */
const pattern = /^(?<whole>\d{1,16})(?:\.(?<fraction>\d{1,16}))?(?<unit>ms|s|m|h)$/;

/** Milliseconds in a week, day, hour, minute and second: the parts of ISO 8601 with a fixed length. */
const isoMilliseconds = [604_800_000, 86_400_000, 3_600_000, 60_000, 1_000] as const;
const isoNumber = String.raw`(\d{1,16}(?:[.,]\d{1,16})?)`;
const isoPattern = new RegExp(
  String.raw`^P(?=[\dT])(?:${isoNumber}W)?(?:${isoNumber}D)?` +
    String.raw`(?:T(?=\d)(?:${isoNumber}H)?(?:${isoNumber}M)?(?:${isoNumber}S)?)?$`,
);

/** One part of a duration: digits, digits of the fraction, and the milliseconds of its unit. */
interface DurationPart {
  readonly whole: string;
  readonly fraction: string;
  readonly factor: number;
}

/**
 * The whole milliseconds of a text like "250ms", "1.5s", "5m" or "1h", or in ISO 8601 like "PT0.25S", "PT1M30S" or
 * "P1D". Throws a RangeError with the text for anything else: a sign, a space, a missing or unknown unit, years or
 * months, a fraction of a millisecond, or more than can be counted.
 */
export function parseDuration(text: string): number {
  const parts = partsOf(text) ?? isoPartsOf(text);
  if (parts === null) {
    throw unfit(
      text,
      'is not a length of time: expected a number and one of the units ms, s, m, h, such as "250ms", "1s" or "5m", ' +
        'or a duration of ISO 8601 without years and months, such as "PT1S"',
    );
  }
  let milliseconds = 0n;
  for (const { whole, fraction, factor } of parts) {
    // In integers, since 1.1 × 1000 is 1100.0000000000002 in doubles.
    const scale = 10n ** BigInt(fraction.length);
    const scaled = BigInt(whole + fraction) * BigInt(factor);
    if (scaled % scale !== 0n)
      throw unfit(text, 'is finer than a millisecond, the smallest step of a length of time');
    milliseconds += scaled / scale;
  }
  if (milliseconds > BigInt(Number.MAX_SAFE_INTEGER))
    throw unfit(text, 'is a longer time than can be counted in milliseconds');
  return Number(milliseconds);
}

function partsOf(text: string): readonly DurationPart[] | null {
  const { whole, fraction = '', unit } = pattern.exec(text)?.groups ?? {};
  const factor = units.find(([name]) => name === unit)?.[1];
  return whole === undefined || factor === undefined ? null : [{ whole, fraction, factor }];
}

/** null if it is not such a duration. Only the last part may have a fraction (ISO 8601-1:2019, 5.5.2.3). */
function isoPartsOf(text: string): readonly DurationPart[] | null {
  const found = isoPattern.exec(text);
  if (found === null) return null;
  const parts = isoMilliseconds.flatMap((factor, n) => {
    const [whole, fraction = ''] = found[n + 1]?.split(/[.,]/) ?? [];
    return whole === undefined ? [] : [{ whole, fraction, factor }];
  });
  return parts.slice(0, -1).some(({ fraction }) => fraction !== '') ? null : parts;
}

/**
 * A number of milliseconds as `parseDuration` reads it, in the largest unit that divides it: 90000 is "90s". Throws a
 * RangeError for a number that is negative or not whole.
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
  return new RangeError(`${JSON.stringify(excerpt(text, 40))} ${problem}.`);
}

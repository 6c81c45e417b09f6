/** Sums over hosts: exact, and unknown if one of the terms is unknown. */
import { HvqlError } from '../../errors.ts';
import { maxUInt64 } from '../../catalogue/counter.ts';
import { isObject } from '../../lib/json.ts';

/**
 * The sum of values of the same selection, key by key: whole numbers, and 64-bit numbers in strings. A key that is null or
 * an error in one of them is null in the sum, because a partial sum would be wrong; a sum beyond 64 bits is an error.
 */
export function sumOf(values: readonly unknown[]): unknown {
  const [first] = values;
  if (values.some((value) => value === null || value === undefined || value instanceof Error)) return null;
  if (typeof first === 'number') return values.reduce<number>((sum, value) => sum + Number(value), 0);
  if (typeof first === 'string') return /^\d{1,20}$/.test(first) ? sumOfTexts(values) : first;
  if (!isObject(first)) return null;
  return Object.fromEntries(
    Object.keys(first).map((key) => [
      key,
      sumOf(values.map((value) => (isObject(value) ? value[key] : null))),
    ]),
  );
}

function sumOfTexts(values: readonly unknown[]): string | HvqlError | null {
  let sum = 0n;
  for (const value of values) {
    if (typeof value !== 'string' || !/^\d{1,20}$/.test(value)) return null;
    sum += BigInt(value);
  }
  if (sum <= maxUInt64) return sum.toString();
  return new HvqlError('LIMIT_EXCEEDED', `The sum is ${sum}, more than 64 bits hold.`, {
    limit: maxUInt64.toString(),
    actual: sum.toString(),
  });
}

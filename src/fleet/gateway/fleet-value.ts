/** The size of a result of the fleet, in values. */

/** The number of values in the data of a result: of everything that is neither an object nor a list. */
export function valuesIn(data: unknown): number {
  if (typeof data !== 'object' || data === null) return 1;
  let sum = 0;
  for (const value of Object.values(data)) sum += valuesIn(value);
  return sum;
}

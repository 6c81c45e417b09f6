/** A reading becomes text as the driver prints it, so that it can be kept and read again. */
import { countersOf } from '../../catalogue/catalogue.ts';
import type { StatisticsObject } from '../../catalogue/group.ts';
import type { Reading } from '../../snapshot/reading.ts';
import { nameOfCounter } from './counter-name.ts';

/** The widest of the driver's own columns. */
const nameWidth = 43;

/** The text: a line for each counter that the reading carries, then one for each number without a counter. */
export function formatStats(object: StatisticsObject, reading: Reading): Uint8Array {
  const named = countersOf(object).flatMap((counter) => {
    const value = reading.value(counter);
    return value === undefined ? [] : [{ name: nameOfCounter(counter), value }];
  });
  const lines = [...named, ...(reading.unnamed?.() ?? [])].map(
    ({ name, value }) => `${name.padEnd(nameWidth)}: ${value}\n`,
  );
  return Buffer.from(lines.join(''));
}

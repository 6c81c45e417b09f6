/** Whether a source reports a counter, judged by a current reading of one object of its kind. */
import type { Granted } from '../../access/access.ts';
import type { Counter } from '../../catalogue/counter.ts';
import type { StatisticsObject } from '../../catalogue/group.ts';
import { HvqlError } from '../../errors.ts';
import type { OperationContext, View } from '../context.ts';

/**
 * Whether the reading of the first object of the counter's kind has the counter; null if the caller may read no such
 * object or the object cannot be read. A promise only while the topology is being read.
 */
export function isReported(
  operation: OperationContext,
  counter: Counter,
): boolean | null | Promise<boolean | null> {
  try {
    const view = operation.view();
    if (!(view instanceof Promise)) return isReportedIn(view, counter);
    return view.then((late) => isReportedIn(late, counter)).catch(nullFor);
  } catch (thrown) {
    return nullFor(thrown);
  }
}

function isReportedIn(view: View, counter: Counter): boolean | null {
  try {
    const object = firstOf(view, counter.object);
    const reading = object === undefined ? null : view.reader.reading(object);
    return reading === null || reading instanceof HvqlError ? null : reading.value(counter) !== undefined;
  } catch (thrown) {
    return nullFor(thrown);
  }
}

/** The first object of a kind that the caller may read. Throws if it may read none or they cannot be listed. */
function firstOf({ access }: View, kind: StatisticsObject): Granted | undefined {
  switch (kind) {
    case 'HYPERVISOR':
      return access.hypervisor();
    case 'LOGICAL_PROCESSOR':
      return access.logicalProcessors()[0];
    case 'PARTITION':
      return access.partitions()[0]?.name;
    case 'VIRTUAL_PROCESSOR':
      for (const partition of access.partitions()) {
        if (partition.entry.listError !== undefined) continue;
        const [first] = access.virtualProcessors(partition);
        if (first !== undefined) return first;
      }
      return undefined;
  }
}

/** Null instead of an error: otherwise hundreds of counters would have the same error. */
function nullFor(thrown: unknown): null {
  if (thrown instanceof HvqlError) return null;
  throw thrown;
}

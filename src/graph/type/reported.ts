/** Whether a source reports a counter: what one object of its kind carries now. */
import type { Granted } from '../../access/access.ts';
import type { Counter } from '../../catalogue/counter.ts';
import type { StatisticsObject } from '../../catalogue/group.ts';
import { HvqlError } from '../../errors.ts';
import type { OperationContext, View } from '../context.ts';

/**
 * Whether the reading of the first object of the counter's kind carries it; null where there is no such object that
 * the caller may read, or it cannot be read. A promise only while what exists is not known.
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

/** The first object of a kind that the caller may read. Throws where it may read none, or they could not be listed. */
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

/** Three hundred counters would have the same error each. */
function nullFor(thrown: unknown): null {
  if (thrown instanceof HvqlError) return null;
  throw thrown;
}

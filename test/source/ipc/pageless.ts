/** A source like Linux and Windows hosts: named values, and no pages. */
import { countersOf } from '../../../src/catalogue/catalogue.ts';
import { HvqlError } from '../../../src/errors.ts';
import type { Source } from '../../../src/source/source.ts';

/** The same source without its pages. */
export function pageless(source: Source): Source {
  return {
    kind: source.kind,
    description: source.description,
    topology: (signal) => source.topology(signal),
    async read(objects, signal) {
      const { at, outcomes } = await source.read(objects, signal);
      return {
        at,
        outcomes: outcomes.map((outcome, n) => {
          const object = objects[n];
          if (outcome instanceof HvqlError || object === undefined) return outcome;
          const values = countersOf(object.object).map((counter) => outcome.value(counter));
          return { value: ({ slot }) => values[slot], page: null };
        }),
      };
    },
    close: () => source.close(),
  };
}

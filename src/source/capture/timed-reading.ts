/** A reading with a moment of its own, as the text of a capture keeps it. */
import { CellReading } from '../../snapshot/cell-reading.ts';
import type { HvqlError } from '../../errors.ts';
import type { Moment } from '../../snapshot/moment.ts';
import type { NamedLayout, Reading, UnnamedValue } from '../../snapshot/reading.ts';

/** The lines of the moment. No counter is called so: names of drivers and of fields have no dots. */
const wallName = 'at.wallMilliseconds';
const monotonicName = 'at.monotonicNanoseconds';

/** A reading from a text that says when it was taken. */
export class TimedReading extends CellReading {
  readonly at: Moment;

  constructor({ layout, view }: Pick<CellReading, 'layout' | 'view'>, at: Moment) {
    super(layout, view);
    this.at = at;
  }
}

/** The reading as a text is to keep it: its moment becomes two numbers without a counter. */
export function withMomentAsNumbers(reading: Reading): Reading {
  const { at } = reading;
  if (at === undefined) return reading;
  const moment: readonly UnnamedValue[] = [
    { name: wallName, value: BigInt(Math.round(at.wallMilliseconds)) },
    { name: monotonicName, value: at.monotonicNanoseconds },
  ];
  // A text has no minus: such a clock is none of a host's, and the frame's moment stands for it.
  if (moment.some(({ value }) => value < 0n)) return reading;
  return {
    page: null,
    value: (counter) => reading.value(counter),
    unnamed: () => [...(reading.unnamed?.() ?? []), ...moment],
  };
}

/** The reading that a text keeps: the two numbers are its moment again, where both are there. */
export function withMomentOfNumbers(reading: CellReading): Reading {
  const timed = timedLayoutOf(reading.layout);
  if (timed === null) return reading;
  const { layout, wallOffset, monotonicOffset } = timed;
  const { view } = reading;
  return new TimedReading(
    { layout, view },
    {
      wallMilliseconds: Number(view.getBigUint64(wallOffset, true)),
      monotonicNanoseconds: view.getBigUint64(monotonicOffset, true),
    },
  );
}

/** The outcomes as they are shown in a later round of a loop: moments of their own move on with the frame's. */
export function movedOn(
  outcomes: readonly (Reading | HvqlError)[],
  { recorded, shown }: { readonly recorded: Moment; readonly shown: Moment },
): readonly (Reading | HvqlError)[] {
  if (recorded === shown) return outcomes;
  return outcomes.map((outcome) => {
    if (!(outcome instanceof TimedReading)) return outcome;
    const { wallMilliseconds, monotonicNanoseconds } = outcome.at;
    return new TimedReading(outcome, {
      wallMilliseconds: wallMilliseconds + shown.wallMilliseconds - recorded.wallMilliseconds,
      monotonicNanoseconds: monotonicNanoseconds + shown.monotonicNanoseconds - recorded.monotonicNanoseconds,
    });
  });
}

/** A layout without the lines of the moment, and where these stand. */
interface TimedLayout {
  readonly layout: NamedLayout;
  readonly wallOffset: number;
  readonly monotonicOffset: number;
}

/** Made once a layout: readings that share one go on sharing one. */
const timedLayouts = new WeakMap<NamedLayout, TimedLayout | null>();

function timedLayoutOf(layout: NamedLayout): TimedLayout | null {
  let timed = timedLayouts.get(layout);
  if (timed === undefined) {
    timed = findMoment(layout);
    timedLayouts.set(layout, timed);
  }
  return timed;
}

function findMoment(layout: NamedLayout): TimedLayout | null {
  const offsetOf = (wanted: string) => layout.unnamed.find(({ name }) => name === wanted)?.offset;
  const [wallOffset, monotonicOffset] = [offsetOf(wallName), offsetOf(monotonicName)];
  if (wallOffset === undefined || monotonicOffset === undefined) return null;
  const unnamed = layout.unnamed.filter(({ name }) => name !== wallName && name !== monotonicName);
  return {
    layout: { unnamed, offsetOf: (counter) => layout.offsetOf(counter) },
    wallOffset,
    monotonicOffset,
  };
}

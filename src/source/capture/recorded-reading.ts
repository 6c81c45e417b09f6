/**
 * A reading in the text format of a capture. The time of a reading and the clocks of its percentages have separate lines.
 * Their names contain dots, which no name of a driver's counter or of a field does.
 */
import { timesOf } from '../../catalogue/catalogue.ts';
import type { Counter } from '../../catalogue/counter.ts';
import { statisticsObjects, type StatisticsObject } from '../../catalogue/group.ts';
import { HvqlError } from '../../errors.ts';
import { readingInCells, type CellReading } from '../../snapshot/cell-reading.ts';
import type { Moment } from '../../snapshot/moment.ts';
import type { NamedLayout, Reading, UnnamedValue } from '../../snapshot/reading.ts';
import { counterOfName, nameOfCounter } from '../mshv/stats-layout.ts';

const wallName = 'at.wallMilliseconds';
const monotonicName = 'at.monotonicNanoseconds';

/** The name of the line with a counter's base. */
function baseNameOf(counter: Counter): string {
  return `base.${nameOfCounter(counter)}`;
}

/** For each kind of object, the counters that may have a base, by the names of those lines. */
const countersOfBases = new Map(
  statisticsObjects.map((object) => [
    object,
    new Map(timesOf(object).map((counter) => [baseNameOf(counter), counter])),
  ]),
);

/** The prefix of Windows names that are names of other counters on Linux. */
const unlistedPrefix = 'unlisted.';

/** Converts a reading for a text: its moment and its bases become numbers without a counter. */
export function asRecorded(object: StatisticsObject, reading: Reading): Reading {
  const added = [...basesOf(object, reading), ...momentOf(reading)];
  const unnamed = reading.unnamed?.() ?? [];
  if (added.length === 0 && unnamed.length === 0) return reading;
  return {
    page: null,
    value: (counter) => reading.value(counter),
    unnamed: () => [
      ...unnamed.map((each) =>
        counterOfName(object, each.name) === undefined ? each : { ...each, name: unlistedPrefix + each.name },
      ),
      ...added,
    ],
  };
}

function basesOf(object: StatisticsObject, reading: Reading): readonly UnnamedValue[] {
  if (reading.base === undefined) return [];
  return timesOf(object).flatMap((counter) => {
    const value = reading.base?.(counter);
    return value === undefined ? [] : [{ name: baseNameOf(counter), value }];
  });
}

function momentOf({ at }: Reading): readonly UnnamedValue[] {
  if (at === undefined) return [];
  const moment: readonly UnnamedValue[] = [
    { name: wallName, value: BigInt(Math.round(at.wallMilliseconds)) },
    { name: monotonicName, value: at.monotonicNanoseconds },
  ];
  // Texts have no negative numbers, and no clock of a host is negative: the frame's moment is used instead.
  return moment.some(({ value }) => value < 0n) ? [] : moment;
}

/** Restores the reading of a text: its two numbers become a moment again if both are present, and so do its bases. */
export function fromRecorded(object: StatisticsObject, reading: CellReading): Reading {
  const recorded = recordedLayoutOf(object, reading.layout);
  if (recorded === null) return reading;
  const { layout, moment } = recorded;
  const { view } = reading;
  if (moment === null) return readingInCells({ layout, view });
  return readingInCells(
    { layout, view },
    {
      wallMilliseconds: Number(view.getBigUint64(moment.wallOffset, true)),
      monotonicNanoseconds: view.getBigUint64(moment.monotonicOffset, true),
    },
  );
}

/** Shifts the outcomes to a later round of a loop: the moments of readings are shifted by as much as the frame's. */
export function movedOn(
  outcomes: readonly (Reading | HvqlError)[],
  { recorded, shown }: { readonly recorded: Moment; readonly shown: Moment },
): readonly (Reading | HvqlError)[] {
  if (recorded === shown) return outcomes;
  return outcomes.map((outcome) => {
    if (outcome instanceof HvqlError || outcome.at === undefined) return outcome;
    const { wallMilliseconds, monotonicNanoseconds } = outcome.at;
    // Created for this call, so it may be changed.
    return Object.assign(outcome, {
      at: {
        wallMilliseconds: wallMilliseconds + shown.wallMilliseconds - recorded.wallMilliseconds,
        monotonicNanoseconds:
          monotonicNanoseconds + shown.monotonicNanoseconds - recorded.monotonicNanoseconds,
      },
    });
  });
}

/** A layout without the lines of moment and bases, and the offsets of the moment. */
interface RecordedLayout {
  readonly layout: NamedLayout;
  readonly moment: { readonly wallOffset: number; readonly monotonicOffset: number } | null;
}

/** Made once for each layout, so that readings that shared a layout still share one. */
const recordedLayouts = new WeakMap<NamedLayout, RecordedLayout | null>();

function recordedLayoutOf(object: StatisticsObject, layout: NamedLayout): RecordedLayout | null {
  let recorded = recordedLayouts.get(layout);
  if (recorded === undefined) {
    recorded = findRecorded(object, layout);
    recordedLayouts.set(layout, recorded);
  }
  return recorded;
}

function findRecorded(object: StatisticsObject, layout: NamedLayout): RecordedLayout | null {
  const bases = new Map<Counter, number>();
  const others = new Map<string, number>();
  for (const { name, offset } of layout.unnamed) {
    const counter = countersOfBases.get(object)?.get(name);
    if (counter === undefined) others.set(name, offset);
    else bases.set(counter, offset);
  }
  let hasPrefix = false;
  for (const name of others.keys()) hasPrefix ||= name.startsWith(unlistedPrefix);
  const [wallOffset, monotonicOffset] = [others.get(wallName), others.get(monotonicName)];
  const moment =
    wallOffset === undefined || monotonicOffset === undefined ? null : { wallOffset, monotonicOffset };
  if (moment === null && bases.size === 0 && !hasPrefix) return null;
  if (moment !== null) for (const name of [wallName, monotonicName]) others.delete(name);
  return {
    layout: {
      unnamed: Array.from(others, ([name, offset]) => ({
        name: name.startsWith(unlistedPrefix) ? name.slice(unlistedPrefix.length) : name,
        offset,
      })),
      offsetOf: (counter) => layout.offsetOf(counter),
      ...(bases.size === 0 ? {} : { baseOffsetOf: (counter: Counter) => bases.get(counter) ?? -1 }),
    },
    moment,
  };
}

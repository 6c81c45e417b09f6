/** Overlay pages of simulated objects: the slot of each counter of the catalogue, and the driver of the counter. */
import { countersInPages, countersOf, operationsOf } from '../../catalogue/catalogue.ts';
import { nanosecondsPerUnit, type Counter, type CounterKind } from '../../catalogue/counter.ts';
import type { StatisticsObject, Release } from '../../catalogue/group.ts';
import { decodePage } from '../../page/decode.ts';
import { encodeRelease } from '../../page/encode.ts';
import { driverNature, driversOf, type DriverNature, type DriverOf, type DriverValues } from './driver.ts';
import { countedRows } from './factor.ts';

interface Place {
  readonly slot: number;
  readonly offsetInBytes: number;
}
interface DrivenRow<Kind extends StatisticsObject> extends Place {
  readonly driver: DriverOf<Kind>;
}
interface SumRow extends Place {
  readonly partSlots: readonly number[];
}
interface CostRow extends Place {
  readonly operationsSlot: number;
  readonly nanosecondsPerUnit: number;
}

/** The kinds of drivers that each kind of counter may have. A total driven by a level would decrease with it. */
const naturesFor: Readonly<Record<CounterKind, readonly DriverNature[]>> = {
  COUNT: ['time', 'events', 'rows'],
  TIME: ['time'],
  CLOCK: ['time'],
  COST: ['rows'],
  GAUGE: ['level'],
  RAW: ['time', 'events', 'level'],
};

/** What the numbers of a page are made from. */
export interface PageContent<Kind extends StatisticsObject> {
  readonly values: DriverValues<Kind>;
  readonly factors: Float64Array;
}

/** The layout of the page of one kind of object, made once. A page is a copy of the blank one with numbers added. */
export class PageLayout<Kind extends StatisticsObject> {
  readonly #object: Kind;
  readonly #blank: Uint8Array;
  readonly #driven: DrivenRow<Kind>[] = [];
  readonly #sums: SumRow[] = [];
  readonly #costs: CostRow[] = [];
  /** The numbers of the current page, by slot. */
  readonly #amounts: Float64Array;

  /** Throws a TypeError if a counter has a driver that its object or its kind of counter cannot have. */
  constructor(object: Kind, release: Release) {
    this.#object = object;
    this.#blank = encodeRelease({ object, release }, () => 0n);
    this.#amounts = new Float64Array(countersOf(object).length);
    const page = decodePage(this.#blank, { object, place: 'the blank page' });
    for (const counter of countersInPages(object, release)) {
      this.#layRow(counter, { slot: counter.slot, offsetInBytes: page.offsetOf(counter) });
    }
  }

  #layRow(counter: Counter, place: Place): void {
    const driver = counter.simulated?.[0];
    // It stays 0.
    if (driver === undefined) return;
    if (!naturesFor[counter.kind].includes(driverNature[driver])) {
      throw new TypeError(`${counter.field} is a ${counter.kind}, which cannot go with "${driver}"`);
    }
    if (driver === 'parts') {
      this.#sums.push({ ...place, partSlots: countedRows(counter).map(({ slot }) => slot) });
    } else if (driver === 'operations') {
      this.#costs.push({
        ...place,
        operationsSlot: operationsOf(counter).slot,
        nanosecondsPerUnit: nanosecondsPerUnit(counter),
      });
    } else {
      this.#driven.push({ ...place, driver: findDriver(this.#object, counter) });
    }
  }

  /** Writes a page from the object's drivers and the factors of `factorsOf`. Numbers are rounded down. */
  write(page: DataView, { values, factors }: PageContent<Kind>): void {
    const amounts = this.#amounts;
    for (const { slot, driver } of this.#driven) {
      amounts[slot] = Math.floor(values[driver] * (factors[slot] ?? 0));
    }
    for (const { slot, partSlots } of this.#sums) {
      let sum = 0;
      for (const part of partSlots) sum += amounts[part] ?? 0;
      amounts[slot] = sum;
    }
    for (const { slot, operationsSlot, nanosecondsPerUnit } of this.#costs) {
      amounts[slot] = Math.floor(
        ((amounts[operationsSlot] ?? 0) * (factors[slot] ?? 0)) / nanosecondsPerUnit,
      );
    }
    new Uint8Array(page.buffer, page.byteOffset, page.byteLength).set(this.#blank);
    for (const rows of [this.#driven, this.#sums, this.#costs]) {
      for (const { slot, offsetInBytes } of rows) writeAmount(page, offsetInBytes, amounts[slot] ?? 0);
    }
  }
}

function findDriver<Kind extends StatisticsObject>(object: Kind, counter: Counter): DriverOf<Kind> {
  const name = counter.simulated?.[0];
  const driver = driversOf[object].find((candidate) => candidate === name);
  if (driver !== undefined) return driver;
  throw new TypeError(
    `${counter.field} goes with "${name ?? 'nothing'}", but a ${object} has no such driver`,
  );
}

/** Writes the two halves of the u64. Converting to a bigint would be about ten times slower. */
function writeAmount(view: DataView, offsetInBytes: number, amount: number): void {
  view.setUint32(offsetInBytes, amount >>> 0, true);
  view.setUint32(offsetInBytes + 4, Math.floor(amount / 0x1_0000_0000), true);
}

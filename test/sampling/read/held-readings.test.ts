import { beforeEach, describe, expect, it } from 'vitest';
import { counterNamed } from '../../../src/catalogue/catalogue.ts';
import { HvqlError } from '../../../src/errors.ts';
import { decodePage } from '../../../src/page/decode.ts';
import { encodeCounters } from '../../../src/page/encode.ts';
import { Absences } from '../../../src/sampling/guard/absences.ts';
import { ageForFirstEvent, ageForOver } from '../../../src/sampling/read/earlier-readings.ts';
import { HeldReadings } from '../../../src/sampling/read/held-readings.ts';
import type { ObjectName } from '../../../src/snapshot/object-name.ts';
import type { Reading } from '../../../src/snapshot/reading.ts';

const processors = (count: number): ObjectName[] =>
  Array.from({ length: count }, (_, index) => ({ object: 'VIRTUAL_PROCESSOR', partitionId: 5n, index }));
const hypercalls = counterNamed('VIRTUAL_PROCESSOR', 'hypercalls');
const megabyte = 2 ** 20;

let absences: Absences;
beforeEach(() => {
  absences = new Absences();
});

/** A page of 2026 whose counters all have this number. */
function pageOf(number: number): Reading {
  const bytes = encodeCounters('VIRTUAL_PROCESSOR', () => BigInt(number));
  return decodePage(bytes, { object: 'VIRTUAL_PROCESSOR', place: 'a page', release: 2026 });
}

function momentAt(milliseconds: number) {
  return { wallMilliseconds: milliseconds, monotonicNanoseconds: BigInt(milliseconds) * 1_000_000n };
}

function holdingOf(megabytes: number, seconds = 120): HeldReadings {
  return new HeldReadings(absences, {
    maximumAgeMilliseconds: seconds * 1_000,
    maximumBytes: megabytes * megabyte,
    historyMilliseconds: seconds * 1_000,
  });
}

/** Holds pages whose counters are the time of their reading. */
function holdAt(held: HeldReadings, objects: readonly ObjectName[], milliseconds: number): void {
  const page = pageOf(milliseconds);
  const at = momentAt(milliseconds);
  held.hold(objects, { at, outcomes: objects.map(() => page), absencesBefore: absences.count });
}

/** The age of the found reading, by the number in it; null if no reading is found. */
function ageFound(
  held: HeldReadings,
  object: ObjectName | undefined,
  now: number,
  age = ageForOver(1_000),
): number | null {
  const sample =
    object === undefined ? undefined : held.find(object, { before: momentAt(now).monotonicNanoseconds, age });
  if (sample === undefined) return null;
  const number = Number(sample.reading.value(hypercalls));
  expect(sample.at.wallMilliseconds).toBe(number);
  return now - number;
}

/** When the held readings of the first processor were read. */
function heldTimes(held: HeldReadings): number[] {
  const [object] = processors(1);
  if (object === undefined) throw new Error('there is no object');
  return held.past(object, null).samples.map(({ snapshot }) => snapshot.milliseconds);
}

describe('the stored reading that is found', () => {
  const [object] = processors(1);

  it.each([
    [[899], null],
    [[900], 900],
    [[2_000], 2_000],
    [[2_001], null],
    [[1_900, 1_050, 960, 500], 960],
    [[1_900, 1_030, 940], 1_030],
    [[1_100, 899], 1_100],
    [[2_001, 950], 950],
  ])('for a change over a second, among ages of %j ms, has the age %s', (ages, found) => {
    const held = holdingOf(64);
    expect(ageFound(held, object, 0, ageForOver(100))).toBeNull();
    for (const age of ages) holdAt(held, processors(1), 10_000 - age);
    expect(ageFound(held, object, 10_000)).toBe(found);
  });

  it.each([
    [499, null],
    [500, 500],
    [2_000, 2_000],
    [2_001, null],
  ])(
    'for the first event at an interval of a second, with a reading of %i ms, has the age %s',
    (age, found) => {
      const held = holdingOf(64);
      holdAt(held, processors(1), 10_000 - age);
      expect(ageFound(held, object, 10_000, ageForFirstEvent(1_000))).toBe(found);
    },
  );

  it('is from after the last absence of the object', () => {
    const held = holdingOf(64);
    holdAt(held, processors(2), 0);
    absences.noteReadings(processors(1), {
      outcomes: [new HvqlError('PAGE_UNAVAILABLE', 'It is not there.')],
    });
    expect(processors(2).map((each) => ageFound(held, each, 1_000))).toEqual([null, 1_000]);
    holdAt(held, processors(2), 1_000);
    // Nothing is left of the previous life.
    expect(held.facts.readings).toBe(3);
    expect(processors(2).map((each) => ageFound(held, each, 2_000))).toEqual([1_000, 1_000]);
  });

  it('has the counters of the page, also after the page itself was dropped', () => {
    const held = holdingOf(64);
    holdAt(held, processors(1), 0);
    const before = held.facts.bytes;
    const page = held.find({ ...object, index: 0 } as ObjectName, {
      before: 1_000_000_000n,
      age: ageForOver(1_000),
    });
    expect(page?.reading.page).not.toBeNull();
    for (const milliseconds of [100, 300, 600, 1_000]) holdAt(held, processors(1), milliseconds);
    // One reading of the first stretch is left, without its page.
    expect(held.facts).toMatchObject({ readings: 4 });
    expect(held.facts.bytes).toBeLessThan(4 * before - 2_000);
    expect(ageFound(held, object, 1_000)).toBe(1_000);
  });

  it('exists for a client that polls at the shortest interval', () => {
    const held = holdingOf(64);
    holdAt(held, processors(1), 0);
    for (let now = 100; now < 3_000; now += 100) {
      expect(ageFound(held, object, now, ageForOver(100))).toBe(100);
      holdAt(held, processors(1), now);
    }
    // While others read all the time as well.
    for (let now = 3_000; now < 5_000; now += 1) {
      holdAt(held, processors(1), now);
      if (now > 3_200) expect(ageFound(held, object, now, ageForOver(100))).not.toBeNull();
    }
  });
});

describe('stored readings', () => {
  it('include one per object in a short time, even if it is read in several lists', () => {
    const held = holdingOf(64);
    expect(ageFound(held, processors(1)[0], 0, ageForOver(100))).toBeNull();
    holdAt(held, processors(3), 0);
    holdAt(held, processors(2), 20);
    holdAt(held, processors(4), 40);
    expect(held.facts).toMatchObject({ readings: 4, spanMilliseconds: 40 });
    holdAt(held, processors(4), 100);
    expect(held.facts.readings).toBe(8);
  });

  it('are three quarters of a second apart if no changes are requested', () => {
    const held = holdingOf(64);
    for (let now = 0; now <= 4_000; now += 50) holdAt(held, processors(2), now);
    expect(heldTimes(held)).toEqual([0, 750, 1_500, 2_250, 3_000, 3_750]);
  });

  it('include all readings at intervals of a second, also if some are a fifth of a second late', () => {
    const held = holdingOf(64);
    const times = Array.from({ length: 20 }, (_, n) => 1_000 * n + (n % 3 === 1 ? 200 : 0));
    for (const now of times) holdAt(held, processors(2), now);
    expect(heldTimes(held)).toEqual(times);
  });

  it.each([
    [100, 90],
    [250, 90],
    [1_000, 250],
    [2_000, 500],
    [60_000, 750],
  ])('are a quarter of the shortest requested interval apart: for %i ms, %i ms', (over, apart) => {
    const held = holdingOf(64);
    expect(ageFound(held, processors(1)[0], 0, ageForOver(60_000))).toBeNull();
    expect(ageFound(held, processors(1)[0], 0, ageForOver(over))).toBeNull();
    for (let now = 0; now <= 2 * apart; now += 10) holdAt(held, processors(1), now);
    expect(held.facts.readings).toBe(3);
    expect(held.facts.spanMilliseconds).toBe(2 * apart);
  });

  it('are three quarters of a second apart again a minute after the last request for a change', () => {
    const held = holdingOf(64);
    expect(ageFound(held, processors(1)[0], 0, ageForOver(100))).toBeNull();
    expect(ageFound(held, processors(1)[0], 1_000, ageForOver(100))).toBeNull();
    for (let now = 60_000; now <= 63_000; now += 100) holdAt(held, processors(1), now);
    const times = heldTimes(held);
    // Readings of the last half second before the end of that minute are settled to one in a quarter of a second.
    expect(times.filter((time) => time <= 61_000).length).toBeGreaterThan(3);
    expect(times.filter((time) => time > 61_000)).toEqual([61_800, 62_600]);
  });

  it.each([100, 150, 250, 400, 1_000, 3_000])(
    'have an age within the bounds for clients that poll for changes over %i ms',
    (over) => {
      // Changes over less than 250 ms are only for clients that poll at that interval.
      const parts = over < 250 ? [0.95, 1] : [0.05, 0.3, 0.45, 0.7, 0.85, 0.95, 1];
      for (const part of parts) {
        const held = holdingOf(64);
        for (let now = 0; now < 12 * over; now += Math.round(part * over)) {
          holdAt(held, processors(1), now);
          const age = ageFound(held, processors(1)[0], now, ageForOver(over));
          if (now > 2 * over) expect(age, `each ${part} of that time, at ${now} ms`).not.toBeNull();
        }
      }
    },
  );

  it('of one list are from after the last absence of an object, also if it was absent between two readings of the list', () => {
    const held = holdingOf(64);
    const objects = processors(2);
    holdAt(held, objects, 1_000);
    holdAt(held, objects, 2_000);
    absences.noteReadings(objects, {
      outcomes: [new HvqlError('PAGE_UNAVAILABLE', 'absent'), pageOf(2_500)],
    });
    holdAt(held, objects, 3_000);
    holdAt(held, objects, 4_000);
    const timesOf = (object: ObjectName | undefined): number[] =>
      object === undefined
        ? []
        : held.past(object, null).samples.map(({ snapshot }) => snapshot.milliseconds);
    expect(objects.map(timesOf)).toEqual([
      [3_000, 4_000],
      [1_000, 2_000, 3_000, 4_000],
    ]);
    expect(held.facts.readings).toBe(6);
  });

  it('are stored after all were dropped, although their list was stored before', () => {
    const held = holdingOf(64);
    const objects = processors(1);
    holdAt(held, objects, 1_000);
    held.forgetAll();
    holdAt(held, objects, 2_000);
    expect(held.facts.readings).toBe(1);
    expect(ageFound(held, objects[0], 3_000)).toBe(1_000);
  });

  it('are dropped when they are too old, without a query for them', () => {
    const held = holdingOf(64, 10);
    for (let now = 0; now <= 60_000; now += 500) holdAt(held, processors(2), now);
    const { readings, spanMilliseconds, bytes } = held.facts;
    // Expired readings are searched for sixteen times in that time.
    expect(spanMilliseconds).toBeLessThanOrEqual(10_000 * (17 / 16) + 500);
    expect(readings).toBeLessThanOrEqual(2 * 24);
    expect(bytes).toBeLessThan(readings * 2_500);
  });

  it('stay as they were read if they are kept for seconds only, and are dropped in time', () => {
    const held = holdingOf(64, 3);
    const [object] = processors(1);
    if (object === undefined) throw new Error('there is no object');
    const pages = new Map<number, Reading>();
    for (let now = 0; now <= 20_000; now += 100) {
      const page = pageOf(now);
      pages.set(now, page);
      held.find(object, { before: momentAt(now).monotonicNanoseconds, age: ageForOver(100) });
      held.hold([object], { at: momentAt(now), outcomes: [page], absencesBefore: absences.count });
      if (now < 3_000) continue;
      const found = held.find(object, { before: momentAt(now).monotonicNanoseconds, age: ageForOver(1_000) });
      expect(found?.reading).toBe(pages.get(Number(found?.at.wallMilliseconds)));
      // One in a quarter of a second, and those of the last half.
      expect(held.facts.readings).toBeLessThanOrEqual(18);
      expect(held.facts.bytes).toBe(held.facts.readings * (4_096 + 250));
    }
    expect(held.past(object, null).samples.length).toBeGreaterThan(12);
  });

  it('do not include a read that began before another and ended after it', () => {
    const held = holdingOf(64);
    holdAt(held, processors(1), 1_000);
    holdAt(held, processors(2), 500);
    expect(held.facts.readings).toBe(1);
    expect(ageFound(held, processors(1)[0], 2_000)).toBe(1_000);
  });

  // The default memory is sixteen times as large, for 10,000 objects.
  it('suffice for every time up to a minute while 500 processors are read each second, in 16 MB', () => {
    const held = holdingOf(16, 300);
    const objects = processors(500);
    const missing: string[] = [];
    for (let now = 0; now <= 200_000; now += 1_000) {
      holdAt(held, objects, now);
      const { bytes, maximumBytes } = held.facts;
      if (bytes > maximumBytes) missing.push(`${bytes} bytes at ${now}`);
      if (now < 125_000 || now % 5_000 !== 0) continue;
      for (let over = 1_000; over <= 60_000; over += 1_000)
        if (ageFound(held, objects[now % 499], now, ageForOver(over)) === null)
          missing.push(`${over} at ${now}`);
    }
    expect(missing).toEqual([]);
  });

  it('are thinned, the old ones first, and finally dropped, to stay within the limit', () => {
    const held = holdingOf(1);
    const found = new Set<number | null>();
    for (const count of [10, 100, 300, 2_000]) {
      for (let now = 0; now < 20_000; now += 500) {
        holdAt(held, processors(count), now + count * 100_000);
        expect(held.facts.bytes).toBeLessThanOrEqual(megabyte);
        const age = ageFound(held, processors(1)[0], now + count * 100_000);
        if (count === 10 && now >= 2_000) found.add(age);
      }
    }
    expect(found).toEqual(new Set([1_000]));
    // A snapshot of more than that is not held at all.
    expect(held.facts).toMatchObject({ readings: 0, bytes: 0, spanMilliseconds: null });
  });
});

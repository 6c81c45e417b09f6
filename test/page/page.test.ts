import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { counterNamed, countersInPages, countersOf } from '../../src/catalogue/catalogue.ts';
import { statisticsObjects, type StatisticsObject, type Release } from '../../src/catalogue/group.ts';
import { HvqlError } from '../../src/errors.ts';
import { decodePage, PageRoom, type OverlayPage } from '../../src/page/decode.ts';
import { encodeCounters, encodePage, encodeRelease, type GroupToEncode } from '../../src/page/encode.ts';

const folder = new URL('../fixtures/bad-pages/', import.meta.url);
const expected = JSON.parse(readFileSync(new URL('expected.json', folder), 'utf8')) as Record<
  string,
  { object: StatisticsObject; expect: string }
>;
const checked = new Set<string>();

/** The page of that name, decoded as the object that expected.json says. */
function decodeFixture(name: string): OverlayPage {
  checked.add(name);
  const { object } = expected[name] ?? {};
  if (object === undefined) throw new Error(`expected.json does not tell of ${name}`);
  return decodePage(readFileSync(new URL(`${name}.page`, folder)), { object, place: `${name}.page` });
}

function malformation(decode: () => unknown): { message: string; extensions: object } {
  try {
    decode();
  } catch (error) {
    if (error instanceof HvqlError && error.code === 'PAGE_MALFORMED') {
      return { message: error.message, extensions: error.extensions };
    }
    throw error;
  }
  throw new Error('was decoded');
}

/** Of the counters that the first release has. */
function valuesOf(page: OverlayPage, object: StatisticsObject): (bigint | undefined)[] {
  return countersInPages(object, 2013).map((counter) => page.value(counter));
}

const range = (from: number, to: number): bigint[] =>
  Array.from({ length: to - from + 1 }, (_, n) => BigInt(from + n));
const absent = (count: number): undefined[] => Array.from({ length: count }, () => undefined);

describe('bytes that are not a statistics page', () => {
  // prettier-ignore
  it.each([
    ['truncated', 'a statistics page has 4096 bytes, but there are 100', { bytes: 100, needed: 4096 }],
    ['empty-file', 'a statistics page has 4096 bytes, but there are 0', { bytes: 0, needed: 4096 }],
    ['too-long', 'a statistics page has 4096 bytes, but there are 4104', { bytes: 4104, needed: 4096 }],
    ['all-ones', 'statistics group 65535 at byte 0 needs 65535 bytes, but 4088 are left', { group: 65535, at: 0, lengthInBytes: 65535, bytesLeft: 4088 }],
    ['length-past-end', 'statistics group 9 at byte 152 needs 4088 bytes, but 3936 are left', { group: 9, at: 152, lengthInBytes: 4088, bytesLeft: 3936 }],
    ['length-not-multiple-of-8', 'statistics group 2 at byte 0 needs a length that is a multiple of 8, but has 140', { group: 2, at: 0, lengthInBytes: 140 }],
    ['group-twice', 'statistics group 2 stands twice, at byte 0 and at byte 24', { group: 2, at: 24, firstAt: 0 }],
  ])('are refused with the facts: %s', (name, problem, facts) => {
    expect(expected[name]?.expect).toContain('PAGE_MALFORMED');
    const { message, extensions } = malformation(() => decodeFixture(name));
    expect(message).toBe(`${name}.page is not a statistics page: ${problem}.`);
    expect(extensions).toEqual({ code: 'PAGE_MALFORMED', page: `${name}.page`, ...facts });
  });

  it('are refused if an end header has a version or a length', () => {
    const bytes = encodePage([]);
    bytes[6] = 8;
    expect(malformation(() => decodePage(bytes, { object: 'PARTITION', place: 'x' })).message).toBe(
      'x is not a statistics page: the end header of type 0 at byte 0 needs version 0.0 and length 0, but has 0.0 and 8.',
    );
  });
});

describe('an unusual page that can be read', () => {
  it('has no counters if it has no groups', () => {
    const page = decodeFixture('all-zero');
    expect(valuesOf(page, 'LOGICAL_PROCESSOR')).toEqual(absent(18));
    expect(page.groups()).toEqual([]);
  });

  it('lists a group of another major version without reading its counters', () => {
    const page = decodeFixture('wrong-major');
    expect(valuesOf(page, 'LOGICAL_PROCESSOR')).toEqual(absent(18));
    expect(page.groups()).toMatchObject([{ type: 2, versionMajor: 2, versionMinor: 0, isKnown: false }]);
  });

  it('reads the counters it knows of a group that a newer minor version made longer', () => {
    const page = decodeFixture('newer-minor-longer');
    expect(valuesOf(page, 'LOGICAL_PROCESSOR')).toEqual(range(1001, 1018));
    expect(page.groups()).toMatchObject([{ versionMinor: 1, lengthInBytes: 160, isKnown: true }]);
    expect(page.groups()[0]?.values).toHaveLength(20);
  });

  it('has no values for counters beyond the end of a shorter group', () => {
    const page = decodeFixture('shorter-group');
    expect(valuesOf(page, 'LOGICAL_PROCESSOR')).toEqual([...range(1001, 1012), ...absent(6)]);
  });

  it('skips an unknown group', () => {
    const page = decodeFixture('unknown-group-first');
    expect(page.groups().map(({ type, isKnown }) => [type, isKnown])).toEqual([
      [14, false],
      [2, true],
      [3, true],
    ]);
    expect(valuesOf(page, 'VIRTUAL_PROCESSOR')).not.toContain(undefined);
  });

  it('may have its groups in any order', () => {
    const page = decodeFixture('groups-swapped');
    expect(page.groups().map(({ type }) => type)).toEqual([3, 2]);
    expect(valuesOf(page, 'VIRTUAL_PROCESSOR')).not.toContain(undefined);
  });

  it('ends at END_OF_PAGE', () => {
    const values = valuesOf(decodeFixture('end-of-page'), 'VIRTUAL_PROCESSOR');
    expect(values.slice(0, 2)).not.toContain(undefined);
    expect(values.slice(2)).toEqual(absent(63));
  });

  it('needs no end header if groups fill it', () => {
    expect(valuesOf(decodeFixture('full-without-end'), 'VIRTUAL_PROCESSOR')).not.toContain(undefined);
    const values = Array.from({ length: 511 }, (_, n) => BigInt(n));
    const full = encodePage([{ type: 2, versionMajor: 1, versionMinor: 0, values }]);
    expect(
      valuesOf(decodePage(full, { object: 'LOGICAL_PROCESSOR', place: 'x' }), 'LOGICAL_PROCESSOR'),
    ).toEqual(range(0, 17));
  });

  it('has exact values beyond 2^53', () => {
    const page = decodeFixture('max-values');
    const values = page.groups().flatMap((group) => group.values);
    expect(values).toContain(18446744073709551615n);
    expect(values).toContain(9223372036854775808n);
    expect(valuesOf(page, 'VIRTUAL_PROCESSOR')).toEqual(values);
  });
});

describe('the fixtures of unusual and broken pages', () => {
  it('are all used in these tests', () => {
    expect([...checked].sort()).toEqual(Object.keys(expected).sort());
  });
});

describe('a decoded page', () => {
  it('refers to the bytes it was given, without a copy', () => {
    const bytes = encodePage([]);
    expect(decodePage(bytes, { object: 'PARTITION', place: 'x' }).bytes).toBe(bytes);
  });

  it('rejects counters of other kinds of objects', () => {
    const page = decodePage(encodePage([]), { object: 'PARTITION', place: 'x' });
    expect(() => page.value(counterNamed('VIRTUAL_PROCESSOR', 'totalRunTime'))).toThrow(TypeError);
  });
});

describe('a page buffer that is reused', () => {
  const origin = { object: 'VIRTUAL_PROCESSOR', place: 'x' } as const;
  const first = encodeRelease({ object: 'VIRTUAL_PROCESSOR', release: 2013 }, (counter) =>
    BigInt(counter.slot),
  );
  const roomWith = (bytes: Uint8Array): PageRoom => {
    const room = new PageRoom();
    room.bytes.set(bytes);
    return room;
  };

  it('copies the page to new memory when it decodes it, without the zeros at its end', () => {
    const room = roomWith(first);
    const page = room.decode(origin);
    room.bytes.fill(255);
    expect(page.view.byteLength).toBe(544);
    expect(page.view.buffer.byteLength).toBe(544);
    expect(valuesOf(page, 'VIRTUAL_PROCESSOR')).toEqual(
      valuesOf(decodePage(first, origin), 'VIRTUAL_PROCESSOR'),
    );
    expect(page.groups()).toEqual(decodePage(first, origin).groups());
    expect(Buffer.from(page.bytes).equals(first)).toBe(true);
  });

  it('copies bytes behind the end header as well', () => {
    const bytes = first.slice();
    bytes[4_095] = 1;
    const page = roomWith(bytes).decode(origin);
    expect(Buffer.from(page.bytes).equals(bytes)).toBe(true);
  });

  it('detects whether it contains the same page as before, to the last byte', () => {
    const page = roomWith(first).decode(origin);
    expect(roomWith(first).has(page)).toBe(true);
    for (const at of [16, 543, 544, 4_095]) {
      const other = first.slice();
      other[at] = (other[at] ?? 0) ^ 1;
      expect(roomWith(other).has(page)).toBe(false);
    }
  });
});

const object = fc.constantFrom(...statisticsObjects);
const uint64 = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });
const version = fc.integer({ min: 0, max: 0xffff });
const group: fc.Arbitrary<GroupToEncode> = fc.record({
  type: fc.integer({ min: 2, max: 0xffff }),
  versionMajor: fc.oneof(fc.constant(1), version),
  versionMinor: version,
  values: fc.array(uint64, { maxLength: 60 }),
});
const groups = fc.uniqueArray(group, { maxLength: 6, selector: ({ type }) => type });

/** Random bytes that often look like a page, and valid pages with some bytes changed. */
const randomPage = fc.oneof(
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 0, maxLength: 64 }).map((start) => padded(start)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.array(fc.tuple(fc.constantFrom(0, 1, 2, 3, 9, 14, 0xffff), fc.nat(3), fc.nat(3), fc.nat(700)), {
          maxLength: 8,
        }),
        fc.boolean(),
      )
      .map(([headers, inStep]) => scattered(headers, inStep)),
  },
);

function padded(start: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4096);
  bytes.set(start);
  return bytes;
}

/** Consecutive group headers, with random lengths or multiples of 8. */
function scattered(
  headers: readonly (readonly [number, number, number, number])[],
  inStep: boolean,
): Uint8Array {
  const bytes = new Uint8Array(4096);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [type, minor, major, length] of headers) {
    if (at > 4088) break;
    const lengthInBytes = inStep ? length - (length % 8) : length;
    [type, minor, major, lengthInBytes].forEach((field, n) => view.setUint16(at + 2 * n, field, true));
    at += 8 + lengthInBytes - (lengthInBytes % 8);
  }
  return bytes;
}

describe('any bytes', () => {
  it('are a page or PAGE_MALFORMED with facts, 20,000 times', () => {
    let pages = 0;
    let malformed = 0;
    fc.assert(
      fc.property(randomPage, object, (bytes, kind) => {
        try {
          const page = decodePage(bytes, { object: kind, place: 'x' });
          pages += 1;
          const listed = page.groups().flatMap(({ values, isKnown }) => (isKnown ? values : []));
          for (const value of valuesOf(page, kind))
            if (value !== undefined && !listed.includes(value)) return false;
          return page.groups().every(({ lengthInBytes, values }) => values.length * 8 === lengthInBytes);
        } catch (error) {
          malformed += 1;
          return (
            error instanceof HvqlError &&
            error.code === 'PAGE_MALFORMED' &&
            Object.keys(error.extensions).length > 2
          );
        }
      }),
      { numRuns: 20_000, seed: 1 },
    );
    expect(pages + malformed).toBe(20_000);
    expect(pages).toBeGreaterThan(2_000);
    expect(malformed).toBeGreaterThan(2_000);
  });
});

describe('a page of a newer release', () => {
  const place = 'x';

  it.each(statisticsObjects)('has for a %s the counters that were appended', (object) => {
    const bytes = encodeRelease({ object, release: 2026 }, ({ slot }) => BigInt(slot + 7));
    const page = decodePage(bytes, { object, place });
    for (const counter of countersOf(object)) {
      expect([counter.field, page.value(counter)]).toEqual([
        counter.field,
        counter.index === null ? undefined : BigInt(counter.slot + 7),
      ]);
    }
    expect(page.groups().every(({ isKnown, versionMinor }) => isKnown && versionMinor === 1)).toBe(true);
  });

  it('is recognised by its minor version or its origin, because its length is ambiguous', () => {
    const values = Array.from({ length: 9 }, (_, n) => BigInt(n + 1));
    const bytes = encodePage([
      { type: 2, versionMajor: 1, versionMinor: 0, values },
      { type: 3, versionMajor: 1, versionMinor: 0, values },
    ]);
    const standby = counterNamed('HYPERVISOR', 'modernStandbyEntries');
    const subsumed = counterNamed('HYPERVISOR', 'subsumedPages');
    const of = (release?: Release): unknown[] => {
      const page = decodePage(bytes, { object: 'HYPERVISOR', place, release });
      return [page.value(standby), page.value(subsumed), page.groups().map(({ isKnown }) => isKnown)];
    };
    for (let times = 0; times < 2; times++) {
      expect(of()).toEqual([undefined, undefined, [true, false]]);
      expect(of(2026)).toEqual([6n, 3n, [true, true]]);
    }
  });

  it('may be shorter than the newest, and has no values for the missing counters', () => {
    const values = Array.from({ length: 7 }, (_, n) => BigInt(n));
    const bytes = encodePage([{ type: 2, versionMajor: 1, versionMinor: 1, values }]);
    const page = decodePage(bytes, { object: 'HYPERVISOR', place });
    expect(page.value(counterNamed('HYPERVISOR', 'platformIdleTransitions'))).toBe(6n);
    expect(page.value(counterNamed('HYPERVISOR', 'hypervisorStartupCost'))).toBeUndefined();
  });
});

describe('groups of a page', () => {
  it('are decoded as they were encoded, for all 64-bit values', () => {
    fc.assert(
      fc.property(groups, object, (toEncode, kind) => {
        const page = decodePage(encodePage(toEncode), { object: kind, place: 'x' });
        expect(page.groups().map(({ isKnown: _known, lengthInBytes: _length, ...rest }) => rest)).toEqual(
          toEncode,
        );
      }),
      { numRuns: 2000 },
    );
  });

  it('are decoded counter by counter as they were encoded, for all 64-bit values', () => {
    fc.assert(
      fc.property(object, fc.array(uint64, { minLength: 65, maxLength: 65 }), (kind, values) => {
        const page = decodePage(
          encodeCounters(kind, ({ slot }) => values[slot] ?? 0n),
          { object: kind, place: 'x' },
        );
        expect(valuesOf(page, kind)).toEqual(values.slice(0, countersInPages(kind, 2013).length));
      }),
      { numRuns: 2000 },
    );
  });

  it('are not encoded if they do not fit', () => {
    const one = { type: 2, versionMajor: 1, versionMinor: 0, values: [0n] };
    const values = Array.from({ length: 512 }, () => 0n);
    expect(() => encodePage([{ ...one, values }])).toThrow(
      'Statistics group 2 needs 4096 bytes, but 4088 are left.',
    );
    expect(() => encodePage([{ ...one, type: 1 }])).toThrow('Type 1 ends a page');
    expect(() => encodePage([{ ...one, versionMajor: 65536 }])).toThrow('versionMajor 65536 does not fit');
    expect(() => encodePage([{ ...one, values: [-1n] }])).toThrow('-1 does not fit');
    expect(() => encodePage([{ ...one, values: [2n ** 64n] }])).toThrow('does not fit a 64-bit counter');
  });
});

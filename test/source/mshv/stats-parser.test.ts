import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countersOf } from '../../../src/catalogue/catalogue.ts';
import type { StatisticsObject } from '../../../src/catalogue/group.ts';
import { maxUInt64 } from '../../../src/catalogue/counter.ts';
import { nameOfCounter } from '../../../src/source/mshv/stats-layout.ts';
import { formatStats } from '../../../src/source/mshv/stats-lines.ts';
import { StatsParser } from '../../../src/source/mshv/stats-parser.ts';
import type { CellReading } from '../../../src/snapshot/cell-reading.ts';

function parse(text: string, parser = new StatsParser()): CellReading {
  return parser.parse({ object: 'PARTITION', bytes: Buffer.from(text, 'latin1') });
}

/** What a reading carries, by the names of fields, and under names that the catalogue does not have. */
function valuesOf(reading: CellReading, object: StatisticsObject = 'PARTITION'): Record<string, bigint> {
  const named = countersOf(object).flatMap((counter) => {
    const value = reading.value(counter);
    return value === undefined ? [] : [[counter.field, value] as const];
  });
  return Object.fromEntries([
    ...named,
    ...reading.unnamed().map(({ name, value }) => [name, value] as const),
  ]);
}

/** Parsed by lines, and compared with the result of the layout that this created. */
function bothWays(text: string): Record<string, bigint> {
  const parser = new StatsParser();
  const slow = valuesOf(parse(text, parser));
  expect(valuesOf(parse(text, parser))).toEqual(slow);
  return slow;
}

describe('a statistics text', () => {
  it('is parsed by names, with and without their prefix, in columns of any width', () => {
    const text = (pad: number, cut: number): string =>
      countersOf('PARTITION')
        .map((counter) => `${nameOfCounter(counter).slice(cut).padEnd(pad)}: ${counter.slot * 3}\n`)
        .join('');
    const all = Object.fromEntries(
      countersOf('PARTITION').map(({ field, slot }) => [field, BigInt(slot * 3)]),
    );
    for (const [pad, cut] of [
      [37, 0],
      [37, 2],
      [30, 2],
      [0, 0],
      [0, 2],
      [60, 0],
    ] as const) {
      expect(bothWays(text(pad, cut))).toEqual(all);
    }
  });

  it('may have right-aligned numbers, and spaces before its names', () => {
    expect(bothWays('  PtVirtualProcessors :                    2\n\tPtFoo:7\n')).toEqual({
      virtualProcessors: 2n,
      PtFoo: 7n,
    });
  });

  it('keeps names that are not in the catalogue, unchanged', () => {
    const text = 'PtOfTomorrow : 5\nPt::odd name! : 6\nPtVirtualProcessors: 1\nHvPartitions : 3\n';
    const parser = new StatsParser();
    const reading = parse(text, parser);
    expect(reading.unnamed()).toEqual([
      { name: 'PtOfTomorrow', value: 5n },
      { name: 'Pt::odd name!', value: 6n },
      { name: 'HvPartitions', value: 3n },
    ]);
    expect(parser.unreadableLines).toBe(0);
  });

  it.each([
    ['a number that is too large', 'PtFoo : 18446744073709551616'],
    ['a number with many more digits', `PtFoo : ${'9'.repeat(60)}`],
    ['a negative number', 'PtFoo : -1'],
    ['a hexadecimal number', 'PtFoo : 0x10'],
    ['a fraction', 'PtFoo : 1.5'],
    ['text after the number', 'PtFoo : 1 KB'],
    ['a carriage return within the number', 'PtFoo : 1\r2'],
    ['a carriage return as the line end', 'PtFoo : 1\rPtBaz : 2'],
    ['no number', 'PtFoo : '],
    ['no colon', 'PtFoo 1'],
    ['no name', '   : 1'],
    ['bytes that are not text', 'Pt\0\xff\xfeoo : 1'],
    ['a second value for a counter', 'VirtualProcessors : 9'],
    ['a second value under an unlisted name', 'PtBar : 9'],
  ])('counts a line with %s as unreadable, and reads the others', (_what, line) => {
    const before = 'PtVirtualProcessors : 1\nPtBar : 2\n';
    const expected = { virtualProcessors: 1n, PtBar: 2n, PtLast: 3n };
    const parser = new StatsParser();
    // The second time with the layout of a good text in mind.
    expect(valuesOf(parse(`${before}${line}\nPtLast : 3\n`, parser))).toEqual(expected);
    expect(parser.unreadableLines).toBe(1);
    parse(`${before}PtFoo : 1\nPtLast : 3\n`, parser);
    expect(valuesOf(parse(`${before}${line}\nPtLast : 3\n`, parser))).toEqual(expected);
    expect(parser.unreadableLines).toBe(2);
  });

  it('counts a last line without a line end as unreadable, because its number may be truncated', () => {
    const parser = new StatsParser();
    parse('PtVirtualProcessors : 1\nPtBar : 23\n', parser);
    expect(valuesOf(parse('PtVirtualProcessors : 1\nPtBar : 2', parser))).toEqual({ virtualProcessors: 1n });
    expect(parser.unreadableLines).toBe(1);
  });

  it('may have lines of white space, which are not counted', () => {
    const parser = new StatsParser();
    expect(valuesOf(parse('\n \t\r\nPtFoo : 1\n\r\n \n', parser))).toEqual({ PtFoo: 1n });
    expect(parser.unreadableLines).toBe(0);
  });

  it.each([
    ['a carriage return', '\r'],
    ['a blank and a tab', ' \t'],
    ['blanks and a carriage return', '   \r'],
  ])('may have %s after its numbers, and has the same layout as one without', (_what, end) => {
    const lines = ['PtVirtualProcessors  : 1', `PtGpaPages : ${maxUInt64}`, 'TlbSize: 123456789', 'PtFoo :0'];
    const textWith = (lineEnd: string): string => lines.map((line) => line + lineEnd).join('');
    const plain = bothWays(textWith('\n'));
    expect(Object.keys(plain)).toHaveLength(4);
    expect(bothWays(textWith(`${end}\n`))).toEqual(plain);
    const parser = new StatsParser();
    const { layout } = parse(textWith('\n'), parser);
    // Read in place: a new layout would have been made line by line.
    expect(parse(textWith(`${end}\n`), parser).layout).toBe(layout);
    expect(parser.unreadableLines).toBe(0);
    // Its last number may have been cut all the same.
    parse(textWith(`${end}\n`).slice(0, -1), parser);
    expect(parser.unreadableLines).toBe(1);
  });

  it.each([
    ['sentences', 'Access to this object is denied.\nAsk the owner of the machine.\n', 2],
    ['white space', '\n \r\n\t\n', 0],
    ['a line without an end', 'PtVirtualProcessors : 1', 1],
    ['numbers without a known name among sentences', 'PtFoo : 1\nThis is denied.\n', 1],
  ])('has no counters if it contains only %s, and leaves no layout', (_what, text, unreadable) => {
    const parser = new StatsParser();
    for (let time = 1; time <= 2; time++) {
      expect(parse(text, parser).layout).toMatchObject({ isOfStatistics: false });
      expect(parser.unreadableLines).toBe(unreadable * time);
      expect(parser.layouts.size).toBe(0);
    }
  });

  it.each([
    ['names of a newer driver', 'PtFoo : 1\nPtBar : 5\n'],
    ['counters of another kind of object', 'HvPartitions : 3\nVpTotalRunTime : 77\n'],
  ])('is recognised as statistics if every line is a name and a number: %s', (_what, text) => {
    const parser = new StatsParser();
    const { layout } = parse(text, parser);
    expect(layout).toMatchObject({ isOfStatistics: true });
    expect(parse(text, parser).layout).toBe(layout);
  });

  it('may be followed by a text with more, fewer or other lines', () => {
    const parser = new StatsParser();
    expect(valuesOf(parse('A : 1\nB : 2\n', parser))).toEqual({ A: 1n, B: 2n });
    expect(valuesOf(parse('A : 1\nB : 2\nC : 3\n', parser))).toEqual({ A: 1n, B: 2n, C: 3n });
    expect(valuesOf(parse('A : 4\n', parser))).toEqual({ A: 4n });
    expect(valuesOf(parse('B : 5\n', parser))).toEqual({ B: 5n });
    expect(valuesOf(parse('', parser))).toEqual({});
    expect(parser.unreadableLines).toBe(0);
  });

  it('is exact for every 64-bit number', () => {
    const edges = [
      0n,
      9n,
      10n,
      2n ** 31n,
      2n ** 32n,
      2n ** 53n,
      2n ** 63n,
      10n ** 9n,
      10n ** 15n,
      10n ** 18n,
    ];
    const around = edges.flatMap((edge) => [edge - 1n, edge, edge + 1n]);
    const numbers = [...around, maxUInt64 - 1n, maxUInt64].filter((number) => number >= 0n);
    const text = numbers.map((number, n) => `N${n} : ${number}\n`).join('');
    expect(Object.values(bothWays(text))).toEqual(numbers);
  });

  it('is parsed by its layout with the same result as line by line, for any numbers', () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: 0n, max: maxUInt64 }), { maxLength: 50 }), (numbers) => {
        const text = (values: readonly bigint[]): string =>
          // A text without a counter leaves no layout.
          `PtVirtualProcessors : 1\n${values.map((value, n) => `Name${n}`.padEnd(n) + `: ${value}\n`).join('')}`;
        const parser = new StatsParser();
        parse(text(numbers.map(() => 0n)), parser);
        expect(Object.values(valuesOf(parse(text(numbers), parser)))).toEqual([1n, ...numbers]);
      }),
    );
  });

  it('accepts only digits at every position of a number', () => {
    const known = new StatsParser();
    parse('PtTlbSize : 1\nPtBar : 2\n', known);
    for (let byte = 0; byte < 256; byte += 1) {
      for (let place = 0; place < 9; place += 1) {
        const number = `${'123456789'.slice(0, place)}${String.fromCharCode(byte)}${'123456789'.slice(place + 1)}`;
        const text = `PtTlbSize : ${number}\nPtBar : 2\n`;
        const fresh = new StatsParser();
        expect(valuesOf(parse(text, known)), JSON.stringify(number)).toEqual(valuesOf(parse(text, fresh)));
        // Behind a colon or a line's end is something else.
        const isNumber = /^[\t ]*\d+[\t\r ]*$/.test(number);
        if (!/[:\n]/.test(number)) expect(fresh.unreadableLines === 0, JSON.stringify(number)).toBe(isNumber);
        parse('PtTlbSize : 1\nPtBar : 2\n', known);
      }
    }
  });

  it('has the same content when a reading of it is written as text and parsed again', () => {
    const reading = parse('PtVirtualProcessors : 3\nPtOfTomorrow : 18446744073709551615\nTlbSize : 0\n');
    const again = parse(Buffer.from(formatStats('PARTITION', reading)).toString('latin1'));
    expect(valuesOf(again)).toEqual(valuesOf(reading));
  });

  it('is not asked for counters of other kinds of objects', () => {
    const [counter] = countersOf('HYPERVISOR');
    if (counter === undefined) throw new Error('no counter');
    expect(() => parse('PtFoo : 1\n').value(counter)).toThrow(TypeError);
  });
});

describe('a reading of a statistics text', () => {
  it('stays unchanged when its input buffer is reused for the next text', () => {
    const parser = new StatsParser();
    const bytes = Buffer.from('PtVirtualProcessors : 1\n');
    const first = parser.parse({ object: 'PARTITION', bytes });
    bytes.write('PtVirtualProcessors : 2\n');
    const second = parser.parse({ object: 'PARTITION', bytes });
    expect([valuesOf(first), valuesOf(second)]).toEqual([
      { virtualProcessors: 1n },
      { virtualProcessors: 2n },
    ]);
  });
});

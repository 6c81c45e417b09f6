import { describe, expect, it } from 'vitest';
import {
  compareCells,
  formatRate,
  missingCell,
  numberCell,
  signs,
  textCell,
} from '../../../src/cli/top/view/cell.ts';

describe('a cell', () => {
  it('shows every digit of a 64-bit number', () => {
    expect(numberCell('18446744073709551615')).toEqual({
      text: '18446744073709551615',
      missing: null,
      value: '18446744073709551615',
    });
  });

  it.each([
    [0, '0'],
    [0.0001, '<.01'],
    [0.034, '0.03'],
    [4.25, '4.3'],
    [99.96, '100.0'],
    [999.4, '999.4'],
    [999.6, '1000'],
    [1234567.8, '1234568'],
  ])('shows the rate %d as %s', (rate, text) => {
    expect(formatRate(rate)).toBe(text);
  });

  it('has a different sign for each reason why a number is missing, and no sign contains a digit', () => {
    const all = Object.values(signs).map(({ sign }) => sign);
    expect(new Set(all).size).toBe(all.length);
    expect(all.filter((sign) => /\d/.test(sign))).toEqual([]);
  });

  it('is compared exactly, also beyond 2^53', () => {
    const sorted = ['9007199254740993', '9007199254740992', '10', '9']
      .map(numberCell)
      .toSorted((a, b) => compareCells(a, b, true))
      .map(({ text }) => text);
    expect(sorted).toEqual(['9007199254740993', '9007199254740992', '10', '9']);
    expect(compareCells(textCell('a'), textCell('b'), false)).toBeLessThan(0);
  });

  it('is sorted last if its number is missing, in either direction', () => {
    const [none, some] = [missingCell('denied'), numberCell(1)];
    expect(compareCells(none, some, true)).toBeGreaterThan(0);
    expect(compareCells(none, some, false)).toBeGreaterThan(0);
    expect(compareCells(some, none, true)).toBeLessThan(0);
  });
});

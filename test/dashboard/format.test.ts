import { describe, expect, it } from 'vitest';
import { lineColors, lineDashes, shareColor } from '../../src/dashboard/chart/color.ts';
import {
  formatDuration,
  formatExact,
  formatIn,
  formatNumber,
  formatPages,
  formatTime,
} from '../../src/dashboard/reading/format.ts';

describe('numbers of the dashboard', () => {
  it.each([
    [0, '0'],
    [7, '7'],
    [0.25, '0.25'],
    [1_234, '1234'],
    [12_345, '12.3 k'],
    [-3_000_000, '−3000 k'],
    [Number.NaN, '–'],
    [null, '–'],
  ])('have few digits, and a dash if unknown: %s', (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });

  it('keep all 64-bit digits in exact form', () => {
    expect(formatExact('18446744073709551615')).toBe(
      '18\u202f446\u202f744\u202f073\u202f709\u202f551\u202f615',
    );
    expect(formatExact(null)).toBe('–');
  });

  it.each([
    ['0', '0'],
    ['1', '4.0 KiB'],
    ['131072', '512 MiB'],
    ['4294967296', '16.0 TiB'],
  ])('show %s pages as %s', (pages, text) => {
    expect(formatPages(pages)).toBe(text);
  });

  it('have a unit', () => {
    expect(formatIn('percent of elapsed time', 12.34)).toBe('12.3 %');
    expect(formatIn('per second', 5)).toBe('5 /s');
    expect(formatIn('ns per operation', null)).toBe('–');
  });

  it.each([
    ['61311ms', '61 s'],
    ['5m', '300 s'],
    ['2s', '2 s'],
    ['PT1S', 'PT1S'],
  ])('show the duration %s as %s', (duration, text) => {
    expect(formatDuration(duration)).toBe(text);
  });

  it('have two digits for each part of a time of day', () => {
    expect(formatTime(new Date(2026, 10, 29, 4, 5, 6).getTime())).toBe('04:05:06');
    expect(formatTime(new Date(2026, 10, 29, 0, 0, 0).getTime())).toBe('00:00:00');
  });
});

describe('colours of the dashboard', () => {
  /** Of the sRGB parts, by WCAG 2.2: all that people without colour vision see. */
  const luminanceOf = (color: number): number => {
    const part = (shift: number): number => {
      const share = ((color >> shift) & 255) / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    };
    return 0.2126 * part(0) + 0.7152 * part(8) + 0.0722 * part(16);
  };

  it('get lighter with every tenth of a share in luminance alone', () => {
    const luminances = Array.from({ length: 11 }, (_, tenth) => luminanceOf(shareColor(tenth / 10)));
    for (const [n, luminance] of luminances.slice(1).entries())
      expect(luminance).toBeGreaterThan(1.08 * (luminances[n] ?? 0));
  });

  it('are as many as there are dash patterns, so that each line has its own', () => {
    expect(new Set(lineColors).size).toBe(lineColors.length);
    expect(new Set(lineDashes.map(String)).size).toBe(lineColors.length);
  });
});

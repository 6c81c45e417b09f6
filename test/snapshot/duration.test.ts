import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from '../../src/snapshot/duration.ts';

describe('a duration', () => {
  it.each([
    ['0ms', 0],
    ['250ms', 250],
    ['1s', 1_000],
    ['1.5s', 1_500],
    ['1.1s', 1_100],
    ['0.001s', 1],
    ['90s', 90_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['0.5h', 1_800_000],
    ['007s', 7_000],
    ['9007199254740991ms', Number.MAX_SAFE_INTEGER],
    ['PT1S', 1_000],
    ['PT0S', 0],
    ['PT0.25S', 250],
    ['PT0,25S', 250],
    ['PT1M30S', 90_000],
    ['PT1M30.5S', 90_500],
    ['PT0.5H', 1_800_000],
    ['P1D', 86_400_000],
    ['P1W', 604_800_000],
    ['P1DT1H1M1.001S', 90_061_001],
    ['PT9007199254740.991S', Number.MAX_SAFE_INTEGER],
  ])('%s is %d milliseconds', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  it.each([
    '',
    's',
    '1',
    '-1s',
    '+1s',
    ' 1s',
    '1s ',
    '1 s',
    '1S',
    '1.s',
    '.5s',
    '1e3s',
    '1ns',
    '1us',
    '1d',
    '1s1m',
    'Infinitys',
    '٣s',
    '1s\n',
    'P',
    'PT',
    'P1',
    'P1DT',
    'PT1',
    'T1S',
    'pt1s',
    'PT1s',
    '-PT1S',
    'P1Y',
    'P1M',
    'PT1S1M',
    'PT0.5M1S',
    'PT1.S',
    'PT.5S',
    'PT1S\n',
  ])('cannot be %j, and the message contains an example', (text) => {
    expect(() => parseDuration(text)).toThrow(
      new RangeError(
        `${JSON.stringify(text)} is not a length of time: expected a number and one of the units ms, s, m, h, ` +
          'such as "250ms", "1s" or "5m", or a duration of ISO 8601 without years and months, such as "PT1S".',
      ),
    );
  });

  it('has whole milliseconds', () => {
    expect(() => parseDuration('1.5ms')).toThrow(
      new RangeError('"1.5ms" is finer than a millisecond, the smallest step of a length of time.'),
    );
    expect(() => parseDuration('0.0001s')).toThrow(RangeError);
    expect(() => parseDuration('PT0.0001S')).toThrow(
      new RangeError('"PT0.0001S" is finer than a millisecond, the smallest step of a length of time.'),
    );
  });

  it('is refused if it cannot be counted exactly', () => {
    expect(() => parseDuration('9007199254740992ms')).toThrow(
      new RangeError('"9007199254740992ms" is a longer time than can be counted in milliseconds.'),
    );
    expect(() => parseDuration('9999999999999999h')).toThrow(RangeError);
    expect(() => parseDuration('PT9007199254740.992S')).toThrow(RangeError);
    expect(() => parseDuration('P9999999999999999W')).toThrow(RangeError);
  });

  it('shows only the start of a very long text', () => {
    expect(() => parseDuration('9'.repeat(100_000))).toThrow(`"${'9'.repeat(39)}…" is not a length of time`);
  });

  it.each([
    [0, '0ms'],
    [100, '100ms'],
    [1_000, '1s'],
    [1_500, '1500ms'],
    [90_000, '90s'],
    [120_000, '2m'],
    [7_200_000, '2h'],
  ])('of %d milliseconds is written %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])(
    'cannot be created from %d',
    (milliseconds) => {
      expect(() => formatDuration(milliseconds)).toThrow(RangeError);
    },
  );

  it('is parsed back to the same value', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: Number.MAX_SAFE_INTEGER }),
        fc.constantFrom(1, 1_000, 60_000, 3_600_000),
        (n, unit) => {
          const milliseconds = n - (n % unit);
          expect(parseDuration(formatDuration(milliseconds))).toBe(milliseconds);
        },
      ),
      { seed: 1 },
    );
  });
});

import { describe, expect, it } from 'vitest';
import { printable } from '../../src/cli/format.ts';

describe('a text that is printed to a terminal', () => {
  it.each([
    ['web-1 (über 東京 🙂)', 'web-1 (über 東京 🙂)'],
    ['\u001b[2J\u001b]0;owned\u0007', '\\u{1b}[2J\\u{1b}]0;owned\\u{7}'],
    ['a\r\nb\tc', 'a\\u{d}\\u{a}b\\u{9}c'],
    ['\u007f\u009b31m', '\\u{7f}\\u{9b}31m'],
    ['abc\u202edcba\u2066', 'abc\\u{202e}dcba\\u{2066}'],
    ['one\u2028two', 'one\\u{2028}two'],
  ])('is unchanged, except that control characters are escaped: %j', (text, shown) => {
    expect(printable(text)).toBe(shown);
  });
});

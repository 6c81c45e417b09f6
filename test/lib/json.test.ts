import { describe, expect, it } from 'vitest';
import { excerpt, isObject } from '../../src/lib/json.ts';

describe('a value that came as JSON', () => {
  it('is an object where it is neither null nor an array', () => {
    const values = [{}, { a: 1 }, null, [], 'a', 1, true, undefined];
    expect(values.map((value) => isObject(value))).toEqual([true, true, ...Array<boolean>(6).fill(false)]);
  });
});

describe('an excerpt', () => {
  it('has at most so many characters, the last of them an ellipsis where the text was longer', () => {
    expect([excerpt('abcd', 4), excerpt('abcde', 4)]).toEqual(['abcd', 'abc…']);
  });
});

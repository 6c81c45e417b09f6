import { describe, expect, it } from 'vitest';
import { excerpt, isObject, nestingLimit, parseJsonText } from '../../src/lib/json.ts';

describe('a parsed JSON value', () => {
  it('is an object if it is neither null nor an array', () => {
    const values = [{}, { a: 1 }, null, [], 'a', 1, true, undefined];
    expect(values.map((value) => isObject(value))).toEqual([true, true, ...Array<boolean>(6).fill(false)]);
  });
});

describe('an excerpt', () => {
  it('has at most the given number of characters, and ends with an ellipsis if the text was longer', () => {
    expect([excerpt('abcd', 4), excerpt('abcde', 4)]).toEqual(['abcd', 'abc…']);
  });
});

const lists = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

describe('a JSON text', () => {
  it('is parsed up to the maximum depth, and rejected beyond it', () => {
    expect(JSON.stringify(parseJsonText(lists(nestingLimit)))).toBe(lists(nestingLimit));
    expect(() => parseJsonText(lists(nestingLimit + 1))).toThrow(
      new RangeError('JSON needs to be nested at most 100 deep.'),
    );
    expect(() => parseJsonText('{"a":['.repeat(60))).toThrow(RangeError);
    expect(() => parseJsonText(lists(500_000))).toThrow(RangeError);
  });

  it('may have any number of lists side by side, and brackets in strings', () => {
    const wide = `[${'[],{},'.repeat(1_000)}1]`;
    expect(parseJsonText(wide)).toHaveLength(2_001);
    for (const text of ['['.repeat(500), '\\"['.repeat(500), '"{'.repeat(500), '\\'])
      expect(parseJsonText(JSON.stringify({ text }))).toEqual({ text });
  });

  it('is not parsed if it is invalid', () => {
    for (const text of ['', '{', '"', '"\\', ']]]', 'x'])
      expect(() => parseJsonText(text)).toThrow(SyntaxError);
  });
});

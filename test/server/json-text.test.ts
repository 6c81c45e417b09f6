import { describe, expect, it } from 'vitest';
import { nestingLimit, parseJsonText } from '../../src/server/json-text.ts';

const lists = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

describe('JSON from strangers', () => {
  it('is read as deep as may be, and no deeper', () => {
    expect(JSON.stringify(parseJsonText(lists(nestingLimit)))).toBe(lists(nestingLimit));
    expect(() => parseJsonText(lists(nestingLimit + 1))).toThrow(
      new RangeError('JSON needs to be nested at most 100 deep.'),
    );
    expect(() => parseJsonText('{"a":['.repeat(60))).toThrow(RangeError);
    expect(() => parseJsonText(lists(500_000))).toThrow(RangeError);
  });

  it('may have as many lists beside each other, and brackets in strings, as it wants', () => {
    const wide = `[${'[],{},'.repeat(1_000)}1]`;
    expect(parseJsonText(wide)).toHaveLength(2_001);
    for (const text of ['['.repeat(500), '\\"['.repeat(500), '"{'.repeat(500), '\\'])
      expect(parseJsonText(JSON.stringify({ text }))).toEqual({ text });
  });

  it('is not read where it is none', () => {
    for (const text of ['', '{', '"', '"\\', ']]]', 'x'])
      expect(() => parseJsonText(text)).toThrow(SyntaxError);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { acquireSink, ByteSink, releaseSink, ConstantBytes } from '../../src/writer/byte-sink.ts';

describe('a byte sink', () => {
  it('writes any text like JSON.stringify, including lone surrogates and control characters', () => {
    const unit = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string(),
      fc.constantFrom('"', '\\', '\u007f', '\ud800'),
    );
    fc.assert(
      fc.property(fc.array(unit), (texts) => {
        const sink = new ByteSink(16);
        for (const text of texts) sink.jsonString(text);
        expect(sink.written().toString()).toBe(texts.map((text) => JSON.stringify(text)).join(''));
      }),
      { numRuns: 3_000, seed: 1 },
    );
  });

  it('grows as needed and keeps its content', () => {
    const sink = new ByteSink(16);
    const constants = Array.from({ length: 100 }, (_, n) => 'x'.repeat(n));
    for (const text of constants) sink.constant(new ConstantBytes(text));
    for (const text of constants) sink.ascii(text);
    expect(sink.written().toString()).toBe(constants.join('') + constants.join(''));
  });

  it('discards bytes when its length is reduced', () => {
    const sink = new ByteSink();
    sink.ascii('kept');
    const { length } = sink;
    sink.ascii(' and not');
    sink.length = length;
    sink.ascii('!');
    expect(sink.written().toString()).toBe('kept!');
  });

  it('rejects constants that are not ASCII, which it would write incorrectly', () => {
    expect(() => new ConstantBytes('é')).toThrow(RangeError);
  });
});

describe('the pool of byte sinks', () => {
  it('lends each sink to one user at a time, empty', () => {
    const [first, second] = [acquireSink(), acquireSink()];
    expect(first).not.toBe(second);
    first.ascii('x');
    releaseSink(first);
    const again = acquireSink();
    expect(again).toBe(first);
    expect(again.length).toBe(0);
    releaseSink(again);
    releaseSink(second);
  });

  it('keeps neither too many sinks nor very large ones', () => {
    const large = new ByteSink(16_777_217);
    releaseSink(large);
    const lent = Array.from({ length: 100 }, () => acquireSink());
    expect(lent).not.toContain(large);
    lent.forEach((sink) => releaseSink(sink));
    const next = Array.from({ length: 100 }, () => acquireSink());
    expect(next.filter((sink) => lent.includes(sink))).toHaveLength(64);
    next.forEach((sink) => releaseSink(sink));
  });
});

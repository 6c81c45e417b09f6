import { describe, expect, it } from 'vitest';
import { HvqlError, withoutStacks } from '../src/errors.ts';

describe('an error made on purpose', () => {
  it('has no stack trace, and leaves those of other errors as they are', () => {
    const before = Error.stackTraceLimit;
    expect(new HvqlError('INVALID_PARAMETER', 'no').stack).not.toContain('\n');
    expect(Error.stackTraceLimit).toBe(before);
    expect(new Error('bug').stack).toContain('errors.test.ts');
  });

  it('made in a function that throws leaves them as well', () => {
    const fail = (): never => {
      throw new Error('bug');
    };
    const before = Error.stackTraceLimit;
    expect(() => withoutStacks(fail)).toThrow('bug');
    expect(Error.stackTraceLimit).toBe(before);
  });
});

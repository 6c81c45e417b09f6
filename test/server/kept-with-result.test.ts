import { describe, expect, it } from 'vitest';
import { KeptWithResult } from '../../src/server/kept-with-result.ts';

describe('what is kept with a result', () => {
  it('is there for the same result, and for no copy of it', () => {
    const kept = new KeptWithResult<string>();
    const result = { data: null };
    expect(kept.of(result)).toBeUndefined();
    expect(kept.keep(result, 'first')).toBe('first');
    expect(kept.keep(result, 'second')).toBe('second');
    expect(kept.of(result)).toBe('second');
    expect(kept.of({ ...result })).toBeUndefined();
    expect(new KeptWithResult<string>().of(result)).toBeUndefined();
  });

  it('is not seen by whoever writes the result or looks at its fields', () => {
    const result = { data: null };
    new KeptWithResult<string>().keep(result, 'bytes');
    expect(JSON.stringify(result)).toBe('{"data":null}');
    expect(Reflect.ownKeys({ ...result })).toEqual(['data']);
  });
});

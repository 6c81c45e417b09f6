import { describe, expect, it } from 'vitest';
import { together } from '../../src/cli/together.ts';
import { UsageError } from '../../src/errors.ts';

/** Something to open that knows whether it was closed. */
function closable() {
  const thing = { isClosed: false, close: async () => void (thing.isClosed = true) };
  return thing;
}
const fails = (reason: Error): Promise<never> => Promise.reject(reason);

describe('things that are opened together', () => {
  it('are both there', async () => {
    const thing = closable();
    expect(await together(Promise.resolve(thing), Promise.resolve(2))).toEqual([thing, 2]);
    expect(thing.isClosed).toBe(false);
  });

  it('fail with the problems of both', async () => {
    const opening = together(fails(new UsageError(['a', 'b'])), fails(new UsageError(['c'])));
    await expect(opening).rejects.toEqual(new UsageError(['a', 'b', 'c']));
  });

  it('fail with what nobody foresaw, before what is a mistake', async () => {
    const unforeseen = new TypeError('x');
    await expect(together(fails(new UsageError(['a'])), fails(unforeseen))).rejects.toBe(unforeseen);
    await expect(together(fails(unforeseen), fails(new UsageError(['a'])))).rejects.toBe(unforeseen);
  });

  it('leave nothing open where another fails', async () => {
    const [first, last] = [closable(), closable()];
    const failing = fails(new UsageError(['c']));
    const opening = together(Promise.resolve(first), failing, Promise.resolve(null), Promise.resolve(last));
    await expect(opening).rejects.toThrow('c');
    expect([first.isClosed, last.isClosed]).toEqual([true, true]);
  });
});

import { describe, expect, it } from 'vitest';
import { openAll } from '../../../src/cli/commands/serve-resources.ts';
import { UsageError } from '../../../src/errors.ts';

/** A resource that records whether it was closed. */
function closable() {
  const thing = { isClosed: false, close: async () => void (thing.isClosed = true) };
  return thing;
}
const fails = (reason: Error): Promise<never> => Promise.reject(reason);

describe('resources that are opened together', () => {
  it('are all returned', async () => {
    const thing = closable();
    const opened = await openAll(Promise.resolve(thing), Promise.resolve(2), Promise.resolve(null));
    expect(opened).toEqual([thing, 2, null]);
    expect(thing.isClosed).toBe(false);
  });

  it('report the problems of all that fail', async () => {
    const [one, three] = [fails(new UsageError(['a', 'b'])), fails(new UsageError(['c']))];
    const opening = openAll(one, Promise.resolve(2), three);
    await expect(opening).rejects.toEqual(new UsageError(['a', 'b', 'c']));
  });

  it('report an unexpected error before problems of the settings', async () => {
    const unforeseen = new TypeError('x');
    await expect(openAll(fails(new UsageError(['a'])), fails(unforeseen))).rejects.toBe(unforeseen);
    await expect(openAll(fails(unforeseen), fails(new UsageError(['a'])))).rejects.toBe(unforeseen);
  });

  it('are all closed again if one cannot be opened', async () => {
    const [thing, other] = [closable(), closable()];
    const opening = openAll(
      Promise.resolve(thing),
      fails(new UsageError(['c'])),
      Promise.resolve(null),
      Promise.resolve(other),
    );
    await expect(opening).rejects.toThrow('c');
    expect([thing.isClosed, other.isClosed]).toEqual([true, true]);
  });
});

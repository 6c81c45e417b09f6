import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSchema } from '../../src/graph/schema.ts';
import { freeChoices, fuzzSettings } from '../fuzz/choice.ts';
import { RandomHost } from '../fuzz/random-host.ts';
import { newTally, tryBothWays } from './two-ways.ts';

const schema = createSchema();
const settings = fuzzSettings(2_000);
const hosts = Array.from({ length: 200 }, (_, n) => new RandomHost(settings.seed, n));
const tally = newTally();

describe('an answer that is written as bytes', () => {
  it('is that of graphql-js, byte for byte', { timeout: 300_000 }, async () => {
    const property = fc.asyncProperty(fc.nat({ max: hosts.length - 1 }), fc.gen(), async (n, draw) => {
      const host = hosts[n];
      if (host === undefined) throw new RangeError(`there is no host ${n}`);
      await tryBothWays(freeChoices(draw), { schema, host, tally });
    });
    // The operation is made smaller by what it asks for, not by the choices that made it.
    await fc.assert(property, { ...settings, endOnFailure: true });
  });

  it('is nearly every one, with errors and without, and nothing is left to graphql-js', () => {
    const { written, writtenWithErrors, withoutData, left } = tally;
    expect(left).toBe(0);
    expect(Math.min(written, writtenWithErrors)).toBeGreaterThan(settings.numRuns / 10);
    expect(withoutData).toBeGreaterThan(settings.numRuns / 100);
  });
});

/** The source of random choices of tests. */
import fc from 'fast-check';
import { mix } from '../../src/source/simulator/random.ts';

/** Chooses a whole number from 0 to `most`. 0 is the plainest choice: what fails is reported with as many as can be. */
export type Choose = (most: number) => number;

/** Choices that the seed decides, the same each time. */
export function choicesOf(...seed: readonly number[]): Choose {
  let hash = seed.reduce(mix, 0);
  return (most) => (hash = mix(hash, 1)) % (most + 1);
}

/** Choices of fast-check, which shrinks them when a test fails. */
export function freeChoices(draw: fc.GeneratorValue): Choose {
  return (most) => draw(naturalNumber, most);
}

const naturals = new Map<number, fc.Arbitrary<number>>();
function naturalNumber(max: number): fc.Arbitrary<number> {
  const natural = naturals.get(max) ?? fc.nat({ max });
  naturals.set(max, natural);
  return natural;
}

/** One of the items; the first is the plainest. */
export function oneOf<Item>(choose: Choose, items: readonly Item[]): Item {
  const item = items[choose(items.length - 1)];
  if (item === undefined) throw new RangeError('there is nothing to choose from');
  return item;
}

/** True once in this many times. */
export function rarely(choose: Choose, times: number): boolean {
  return choose(times - 1) === times - 1;
}

/** A number of up to this many bits, small ones as often as large ones, and often the largest. */
export function wideNumber(choose: Choose, bits = 64): bigint {
  const width = BigInt(choose(bits));
  const most = 2n ** width - 1n;
  if (rarely(choose, 6)) return most;
  const random =
    (BigInt(choose(0x3fff_ffff)) << 34n) | (BigInt(choose(0x3fff_ffff)) << 4n) | BigInt(choose(15));
  return random & most;
}

/**
 * How random tests run: the same each time, unless FUZZ_SEED and FUZZ_RUNS say otherwise. A failure prints both.
 * FUZZ_TIMES makes each test that many times longer, with the same cases first; `npm run fuzz` does.
 */
export function fuzzSettings(runs: number): { readonly seed: number; readonly numRuns: number } {
  const { FUZZ_SEED: seed = '1', FUZZ_TIMES: times = '1', FUZZ_RUNS: numRuns } = process.env;
  return { seed: Number(seed), numRuns: Number(numRuns ?? runs * Number(times)) };
}

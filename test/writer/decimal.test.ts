import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maxUInt64 } from '../../src/catalogue/counter.ts';
import { longestDecimal, writeDecimal } from '../../src/writer/decimal.ts';

const memory = new DataView(new ArrayBuffer(64));

function decimalOf(number: bigint): string {
  const end = writeDecimal(memory, 3, Number(number >> 32n), Number(number & 0xffff_ffffn));
  return Buffer.from(memory.buffer, 3, end - 3).toString();
}

describe('the decimal digits of a u64', () => {
  it('are correct on both sides of every power of two and of ten', () => {
    const powers = [
      ...Array.from({ length: 65 }, (_, n) => 2n ** BigInt(n)),
      ...Array.from({ length: 20 }, (_, n) => 10n ** BigInt(n)),
    ];
    const numbers = powers.flatMap((power) => [power - 1n, power, power + 1n]);
    for (const number of numbers.filter((each) => each <= maxUInt64)) {
      expect(decimalOf(number)).toBe(number.toString());
    }
  });

  it('are correct for random numbers of every width', () => {
    const wide = fc.bigInt({ min: 0n, max: maxUInt64 });
    const narrow = fc.tuple(wide, fc.bigInt({ min: 0n, max: 63n })).map(([number, bits]) => number >> bits);
    fc.assert(
      fc.property(fc.oneof(wide, narrow), (number) => {
        expect(decimalOf(number)).toBe(number.toString());
      }),
      { numRuns: 20_000, seed: 1 },
    );
  });

  it('are at most twenty', () => {
    expect(decimalOf(maxUInt64)).toHaveLength(longestDecimal);
  });
});

/** Random numbers without state: the same inputs give the same numbers, in any order of calls. */

/** Mixes a number into a hash, both of 32 bits (the finalizer of MurmurHash3: every bit of the input moves every bit). */
export function mix(hash: number, value: number): number {
  let mixed = hash ^ Math.imul(value + 0x7f4a7c15, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** The hash as a fraction: at least 0 and less than 1. */
export function fraction(hash: number): number {
  return hash / 0x1_0000_0000;
}

/** A whole number from `from` to `to`, both included, chosen by the hash. */
export function pick(hash: number, range: { readonly from: number; readonly to: number }): number {
  return range.from + Math.floor(fraction(hash) * (range.to - range.from + 1));
}

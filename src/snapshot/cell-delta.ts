/**
 * The difference between two readings in memory as few bytes: most counters do not change from second to second, and
 * the others change by little.
 *
 * A token is a byte: the number of unchanged words before a changed one (four bits), and the size of the change (four
 * bits: 1 to 8 bytes, or 9 to 15 for a decrease by 1 to 7 bytes), followed by the change, little-endian. Size 0 only
 * skips 15 words, and 15 more for each in the upper bits.
 */

/** Bytes of a counter. */
export const wordSizeInBytes = 8;
const mostSkipped = 15;
const mostDecreaseBytes = 7;
const firstDecrease = 8;
/** A token and a whole word for each word, and the tokens that only skip: the most that a difference takes. */
export function mostDeltaBytes(words: number): number {
  return words * (wordSizeInBytes + 1) + Math.ceil(words / mostSkipped) + wordSizeInBytes;
}

/** Writes the difference from `base` to `view`, words of both, and returns its length. Needs room for `mostDeltaBytes`. */
export function writeDelta(
  out: DataView,
  { base, view, words }: { readonly base: DataView; readonly view: DataView; readonly words: number },
): number {
  let at = 0;
  let skipped = 0;
  for (let n = 0, word = 0; n < words; n += 1, word += wordSizeInBytes) {
    const low = view.getUint32(word, true);
    const high = view.getUint32(word + 4, true);
    const baseLow = base.getUint32(word, true);
    const baseHigh = base.getUint32(word + 4, true);
    if (low === baseLow && high === baseHigh) {
      skipped += 1;
      continue;
    }
    if (skipped > mostSkipped) {
      for (let runs = Math.floor(skipped / mostSkipped); runs > 0; runs -= 16) {
        const now = Math.min(runs, 16);
        out.setUint8(at, (now - 1) << 4);
        at += 1;
        skipped -= now * mostSkipped;
      }
    }
    // The difference of 64 bits, in two halves.
    let changeLow = (low - baseLow) >>> 0;
    let changeHigh = (high - baseHigh - (low < baseLow ? 1 : 0)) >>> 0;
    let decrease = 0;
    if (changeHigh >= 0x8000_0000) {
      const positiveLow = -changeLow >>> 0;
      const positiveHigh = (~changeHigh + (positiveLow === 0 ? 1 : 0)) >>> 0;
      if (sizeOf(positiveLow, positiveHigh) <= mostDecreaseBytes) {
        decrease = firstDecrease;
        [changeLow, changeHigh] = [positiveLow, positiveHigh];
      }
    }
    const size = sizeOf(changeLow, changeHigh);
    out.setUint8(at, (skipped << 4) | (size + decrease));
    at += 1;
    // Bytes beyond the size are overwritten by the next token.
    out.setUint32(at, changeLow, true);
    out.setUint32(at + 4, changeHigh, true);
    at += size;
    skipped = 0;
  }
  return at;
}

/** Applies the difference between `start` and `end` to the words of `view`, which are those of the base. */
export function applyDelta(
  view: DataView,
  bytes: DataView,
  { start, end }: { readonly start: number; readonly end: number },
): void {
  let word = 0;
  for (let at = start; at < end;) {
    const token = bytes.getUint8(at);
    at += 1;
    const code = token & 15;
    if (code === 0) {
      word += ((token >> 4) + 1) * mostSkipped * wordSizeInBytes;
      continue;
    }
    word += (token >> 4) * wordSizeInBytes;
    const isDecrease = code > firstDecrease;
    const size = isDecrease ? code - firstDecrease : code;
    let low = 0;
    let high = 0;
    for (let n = 0; n < size; n += 1) {
      const byte = bytes.getUint8(at + n);
      if (n < 4) low |= byte << (8 * n);
      else high |= byte << (8 * (n - 4));
    }
    at += size;
    if (isDecrease) {
      low = -low >>> 0;
      high = (~high + (low === 0 ? 1 : 0)) >>> 0;
    }
    const sum = view.getUint32(word, true) + (low >>> 0);
    view.setUint32(word, sum >>> 0, true);
    view.setUint32(
      word + 4,
      (view.getUint32(word + 4, true) + high + (sum > 0xffff_ffff ? 1 : 0)) >>> 0,
      true,
    );
    word += wordSizeInBytes;
  }
}

function sizeOf(low: number, high: number): number {
  return high === 0 ? bytesIn(low) : 4 + bytesIn(high);
}

function bytesIn(half: number): number {
  return (39 - Math.clz32(half)) >> 3;
}

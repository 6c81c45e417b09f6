/** Suggestions for mistyped words. */

/** " Did you mean "port"?" with the candidate that is similar to a text, or '' without one. */
export function didYouMean(text: string, candidates: readonly string[]): string {
  const wanted = text.toLowerCase();
  // A text with more differences than a quarter of its letters plus one is considered another word.
  const farthest = Math.floor(wanted.length / 4) + 1;
  const [closest] = candidates
    .map((candidate) => ({ candidate, distance: distanceTo(candidate.toLowerCase(), wanted) }))
    .filter(({ distance }) => distance <= farthest)
    .sort((a, b) => a.distance - b.distance);
  return closest === undefined ? '' : ` Did you mean ${closest.candidate}?`;
}

/** A prefix of a candidate counts as similar, regardless of its length. */
function distanceTo(candidate: string, wanted: string): number {
  return wanted.length > 2 && candidate.startsWith(wanted) ? 1 : editDistance(wanted, candidate);
}

/** The edit distance between two words (Levenshtein). */
function editDistance(from: string, to: string): number {
  // Much longer words are never similar, and would take long to compare.
  if (Math.abs(from.length - to.length) > 10) return Number.POSITIVE_INFINITY;
  let above = Array.from({ length: to.length + 1 }, (_, n) => n);
  for (let row = 0; row < from.length; row += 1) {
    const here = [row + 1];
    for (let column = 0; column < to.length; column += 1) {
      const replaced = (above[column] ?? 0) + (from[row] === to[column] ? 0 : 1);
      const leftOut = (above[column + 1] ?? 0) + 1;
      const putIn = (here[column] ?? 0) + 1;
      here.push(Math.min(replaced, leftOut, putIn));
    }
    above = here;
  }
  return above[to.length] ?? 0;
}

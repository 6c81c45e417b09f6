/** The width of texts in terminal columns, and cutting and padding to a width. */

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const plain = /^[\x20-\x7e]*$/;
/** Characters that are two columns wide (Unicode's UAX 11, wide and fullwidth), and emoji. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** The width of a text in columns. It must not have control characters. */
export function widthOf(text: string): number {
  if (plain.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += wide.test(segment) ? 2 : 1;
  return width;
}

/** Cuts a text to this width, with a tilde at its end if it was longer. Not every terminal has an ellipsis. */
export function cutTo(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let cut = '';
  let used = 0;
  for (const { segment } of segmenter.segment(text)) {
    const more = wide.test(segment) ? 2 : 1;
    if (used + more > width - 1) break;
    cut += segment;
    used += more;
  }
  return width <= 0 ? '' : `${cut}~`;
}

/** Cuts a text, or pads it with spaces, to exactly this width. */
export function fitTo(text: string, width: number, side: 'left' | 'right' = 'left'): string {
  const cut = cutTo(text, width);
  const padding = ' '.repeat(Math.max(0, width - widthOf(cut)));
  return side === 'left' ? cut + padding : padding + cut;
}

/** The characters of a text (grapheme clusters). */
export function charactersOf(text: string): readonly string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

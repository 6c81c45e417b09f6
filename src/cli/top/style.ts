/** Colours and emphasis of a terminal (ECMA-48, SGR). */

/** Puts emphasis on a text. */
export type Paint = (text: string) => string;

/** What top emphasizes. */
export interface Style {
  /** Of the headings of columns and the selected row. */
  readonly reverse: Paint;
  readonly bold: Paint;
  /** What is not of now. */
  readonly stale: Paint;
  /** What is missing and needs a person: denied, failed. */
  readonly problem: Paint;
  /** What is missing for a moment: reset, waiting. */
  readonly passing: Paint;
}

const plain: Paint = (text) => text;

/** No emphasis at all. */
export const plainStyle: Style = {
  reverse: plain,
  bold: plain,
  stale: plain,
  problem: plain,
  passing: plain,
};

/** The style of a terminal; without colour only what shows on every terminal. Signs and words say the same without. */
export function styleOf(hasColor: boolean): Style {
  return {
    reverse: sgr(7, 27),
    bold: sgr(1, 22),
    stale: hasColor ? sgr(90, 39) : plain,
    problem: hasColor ? sgr(31, 39) : plain,
    passing: hasColor ? sgr(33, 39) : plain,
  };
}

function sgr(on: number, off: number): Paint {
  return (text) => (text === '' ? '' : `\u001b[${on}m${text}\u001b[${off}m`);
}

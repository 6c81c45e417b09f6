/** Colours and emphasis of a terminal (ECMA-48, SGR). */

/** Emphasizes a text. */
export type Paint = (text: string) => string;

/** The styles of top. */
export interface Style {
  /** For the headings of columns and the selected row. */
  readonly reverse: Paint;
  readonly bold: Paint;
  /** For outdated numbers. */
  readonly stale: Paint;
  /** For missing numbers that need attention: denied, failed. */
  readonly problem: Paint;
  /** For numbers that are missing temporarily: reset, waiting. */
  readonly passing: Paint;
}

const plain: Paint = (text) => text;

/** No emphasis. */
export const plainStyle: Style = {
  reverse: plain,
  bold: plain,
  stale: plain,
  problem: plain,
  passing: plain,
};

/** The style of a terminal; without colour, only attributes of every terminal. Signs and words carry the same information. */
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

/** The help screen: the keys, and the signs for missing numbers. */
import { signs } from '../view/cell.ts';

const keys: readonly (readonly [keys: string, does: string])[] = [
  ['1 2 3 4 5  Tab', 'partitions, virtual, logical processors, intercepts, hosts'],
  ['Enter  i', 'go into the selected row; its intercepts'],
  ['Esc Backspace u', 'remove the filter; go back'],
  ['Up Down PgUp PgDn', 'select a row (also j k Home End)'],
  ['Left Right', 'scroll the columns'],
  ['< >  F6 o', 'sort by the column before or after; by name'],
  ['r R  P  N', 'reverse the order; by run time; by id'],
  ['/  F4', 'filter by a part of a name, or by ids: =5,7'],
  ['f  F2  v', 'choose columns; rates, increases or totals'],
  ['d s  p Space', 'interval; pause and resume'],
  ['h ? F1  q F10', 'this help; quit (also Ctrl-C; Ctrl-Z stops)'],
];
const keyWidth = 18;

/** The lines of the help, at most 80 wide and few enough for a screen of 24 lines. */
export function helpLines(): readonly string[] {
  return [
    ...keys.map(([pressed, does]) => `  ${pressed.padEnd(keyWidth)} ${does}`),
    '',
    ...Object.values(signs).map(({ sign, meaning }) => `  ${sign.padEnd(keyWidth)} ${meaning}`),
    `  ${'STALE'.padEnd(keyWidth)} no new numbers: the connection or the source has failed`,
  ];
}

/**
 * Loaded before the program (`node --import`): moves its wall clock, and that of its workers, by as many milliseconds
 * as the file in WALL_CLOCK_FILE says. The steady clock and timers stay as they are. Each process writes how far it has
 * moved its clock to a file beside, whose name ends with its id.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const file = process.env['WALL_CLOCK_FILE'];
const RealDate = Date;
let moved = NaN;

const read = () => {
  const wanted = Number(readFileSync(file, 'utf8'));
  if (wanted === moved) return;
  moved = wanted;
  writeFileSync(`${file}.${process.pid}`, String(moved));
};
read();
setInterval(read, 20).unref();

globalThis.Date = class extends RealDate {
  constructor(...parts) {
    if (parts.length === 0) super(RealDate.now() + moved);
    else super(...parts);
  }

  static now() {
    return RealDate.now() + moved;
  }
};

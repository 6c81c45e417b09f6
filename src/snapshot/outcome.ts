/** What came of asking for something. */
import { HvqlError } from '../errors.ts';

/** A value; the error where there is none for a reason; null where there is nothing to tell yet. */
export type Outcome<Value> = Value | HvqlError | null;

/** The value of an outcome; throws where it is an error. */
export function valueOf<Value>(outcome: Outcome<Value>): Value | null {
  if (outcome instanceof HvqlError) throw outcome;
  return outcome;
}

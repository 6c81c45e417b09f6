/** What may be there already. */

/** A value, or a promise of it where it has to be waited for. */
export type MaybePromise<Value> = Value | Promise<Value>;

/** Goes on with a value: at once where it is there. */
export function mapMaybePromise<Value, Result>(
  value: MaybePromise<Value>,
  goOn: (value: Value) => MaybePromise<Result>,
): MaybePromise<Result> {
  return value instanceof Promise ? value.then(goOn) : goOn(value);
}

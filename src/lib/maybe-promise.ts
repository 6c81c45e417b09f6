/** Values that may be available synchronously. */

/** A value, or a promise of it. */
export type MaybePromise<Value> = Value | Promise<Value>;

/** Maps a value, synchronously unless it is a promise. */
export function mapMaybePromise<Value, Result>(
  value: MaybePromise<Value>,
  map: (value: Value) => MaybePromise<Result>,
): MaybePromise<Result> {
  return value instanceof Promise ? value.then(map) : map(value);
}

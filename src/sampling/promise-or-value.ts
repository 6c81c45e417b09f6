/** What may be there already. */

/** A value, or a promise of it where it has to be waited for. */
export type PromiseOrValue<Value> = Value | Promise<Value>;

/** Goes on with a value: at once where it is there. */
export function whenThere<Value, Result>(
  value: PromiseOrValue<Value>,
  goOn: (value: Value) => PromiseOrValue<Result>,
): PromiseOrValue<Result> {
  return value instanceof Promise ? value.then(goOn) : goOn(value);
}

/** What is made of a result once, and is there for as long as the result is. */
import type { ExecutionResult } from 'graphql';

/**
 * Kept by the result itself, unseen by whoever copies or compares it, and not in a WeakMap: the values of a WeakMap that
 * has become old count as alive whenever V8 collects what is young, grow old with it, and are garbage until the whole
 * heap is collected. Of events that are made by the hundred each second that is most of what there is to collect.
 */
export class KeptWithResult<Value> {
  readonly #key = Symbol('kept');

  /** undefined where nothing is kept. */
  of(result: ExecutionResult): Value | undefined {
    return (result as { readonly [key: symbol]: Value | undefined })[this.#key];
  }

  /** Returns the value. */
  keep(result: ExecutionResult, value: Value): Value {
    Object.defineProperty(result, this.#key, { value, writable: true });
    return value;
  }
}

/** A read that the rules forbid. */
import { HvqlError } from '../errors.ts';
import type { ObjectName } from '../snapshot/object-name.ts';
import type { DenialReason } from './rule.ts';

/** What a read was to read: an object, or all logical processors at once. */
export type DeniedObject = ObjectName | { readonly object: 'LOGICAL_PROCESSOR'; readonly index: 'all' };

/**
 * The error of a read that the rules forbid. The client gets what any HvqlError has; the object is for whoever keeps
 * watch over reads, and stands in nothing that is written of the error by itself.
 */
export class AccessDenied extends HvqlError {
  readonly #object: DeniedObject;

  constructor(message: string, denial: { readonly object: DeniedObject; readonly reason: DenialReason }) {
    super('ACCESS_DENIED', message, { reason: denial.reason });
    this.#object = denial.object;
  }

  get object(): DeniedObject {
    return this.#object;
  }
}

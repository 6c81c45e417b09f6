/** The error of a read that the rules forbid. */
import { HvqlError } from '../errors.ts';
import type { ObjectName } from '../snapshot/object-name.ts';
import type { DenialReason } from './rule.ts';

/** The object of a read, or all logical processors at once. */
export type DeniedObject = ObjectName | { readonly object: 'LOGICAL_PROCESSOR'; readonly index: 'all' };

/**
 * The client gets the fields of any HvqlError. The object is for the audit, and no text of the error contains it.
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

/** Value budgets of callers: one for all requests of an identity, on any connection. */
import { hash } from 'node:crypto';
import type { Caller } from '../access/caller.ts';
import { unlimitedBudget, type ValueBudget, type ValueBudgets } from '../limits/value-budget.ts';
import type { Identified } from './auth/identity.ts';
import { HttpError } from './http/http-error.ts';

/** Longer keys are stored as digests, because subjects of tokens can have any length. */
const longestKey = 100;

/** Budgets by identity: the partition, and the token's subject or the certificate that proved it. */
export class CallerBudgets {
  readonly #budgets: ValueBudgets | null;
  /** A verified token always has the same caller object, so most requests need no key. */
  readonly #known = new WeakMap<Caller, ValueBudget>();
  /** Each request calls twice, and most have the same caller as the previous one. */
  #newest: { readonly caller: Caller; readonly budget: ValueBudget } | null = null;

  /** null for budgets without limits. */
  constructor(budgets: ValueBudgets | null) {
    this.#budgets = budgets;
  }

  of(identified: Identified): ValueBudget {
    if (this.#budgets === null) return unlimitedBudget;
    const { caller } = identified;
    if (this.#newest?.caller === caller) return this.#newest.budget;
    let budget = this.#known.get(caller);
    if (budget === undefined) this.#known.set(caller, (budget = this.#budgets.of(keyOf(identified))));
    this.#newest = { caller, budget };
    return budget;
  }

  /** Throws BUDGET_EXCEEDED if the caller's budget is used up. Called before the operation is parsed. */
  check(identified: Identified): void {
    const { problem } = this.of(identified);
    if (problem === null) return;
    const { code: _, ...facts } = problem.extensions;
    throw new HttpError('BUDGET_EXCEEDED', problem.message, { facts });
  }
}

function keyOf({ caller, by, credential: { subject, fingerprint } }: Identified): string {
  const key = `${caller.partitionId} ${by} ${fingerprint ?? subject ?? ''}`;
  return key.length <= longestKey ? key : hash('sha256', key, 'base64');
}

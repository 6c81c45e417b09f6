/**
 * Records refusals in the audit trail and the log: failed authentication, foreign hosts and origins, operations that are
 * not allowed, and exceeded limits and budgets. Because callers can cause any number of refusals, the first of a kind has
 * a line and the others are counted.
 */
import type { Logger } from 'pino';
import type { ErrorCode } from '../errors.ts';
import { excerpt } from '../lib/json.ts';
import { RepeatCounter } from '../lib/repeat-counter.ts';

/** The codes that are recorded. Denied reads have their own lines. */
const recordedCodes: ReadonlySet<unknown> = new Set<ErrorCode>([
  'UNAUTHENTICATED',
  'IDENTITY_UNAVAILABLE',
  'FOREIGN_HOST',
  'FOREIGN_ORIGIN',
  'OPERATION_NOT_ALLOWED',
  'LIMIT_EXCEEDED',
  'BUDGET_EXCEEDED',
  'OVERLOADED',
]);

/** Whether refusals of this code are recorded. */
export function isRecorded(code: unknown): boolean {
  return recordedCodes.has(code);
}

/** One refusal, and what is known about the request. */
export interface Refusal {
  readonly code: unknown;
  /** The message to the client. */
  readonly message: string;
  /** The client's address; null for a guest socket. */
  readonly address: string | null;
  /** null before the caller is known. */
  readonly caller: string | null;
  /** The other fields of a line in the trail. */
  readonly facts: object;
}

/** The period over which repeats are counted, in milliseconds. */
const period = 60_000;
/** The maximum number of kinds per period, because an attacker may have many addresses. */
const kindLimit = 1_000;
/** Messages may quote values that a client has chosen. */
const messageLimit = 300;

/** Writes refusals to the audit trail and the log. */
export class Refusals {
  readonly #options;
  readonly #trailCounter: RepeatCounter;
  readonly #logCounter: RepeatCounter;

  /** `write` gets the fields of a line after its time and event; null for no trail. */
  constructor(options: { readonly write: ((fields: object) => void) | null; readonly log: Logger }) {
    this.#options = options;
    this.#trailCounter = new RepeatCounter({
      milliseconds: period,
      limit: kindLimit,
      report: ({ kind, count }) =>
        options.write?.({ ...(kind === null ? {} : (JSON.parse(kind) as object)), repeats: count }),
    });
    this.#logCounter = new RepeatCounter({
      milliseconds: period,
      limit: recordedCodes.size,
      report: ({ kind, count }) =>
        options.log.info({ code: kind, repeats: count }, 'more requests were refused'),
    });
  }

  /** Records a refusal of a code that is recorded. */
  add({ code, message, address, caller, facts }: Refusal): void {
    if (!isRecorded(code)) return;
    const { write, log } = this.#options;
    const reason = excerpt(message, messageLimit);
    if (write !== null && this.#trailCounter.isFirst(JSON.stringify({ code, address, caller })))
      write({ code, reason, address, caller, ...facts });
    if (this.#logCounter.isFirst(String(code)))
      log.info(
        { code, address: address ?? undefined, partition: caller ?? undefined, reason },
        'a request was refused',
      );
  }

  /** Writes the remaining counts when the service shuts down. */
  close(): void {
    this.#trailCounter.flush();
    this.#logCounter.flush();
  }
}

/** How many values each caller may receive over time: a token bucket per caller. */
import { HvqlError } from '../errors.ts';

/** A caller with a full budget may use the values of this many seconds at once. */
const burstSeconds = 60;
/** Sending a result again takes about this part of the time of computing it. */
const shareOfCopy = 0.1;
/** Sending an event takes about as long as computing this many values: 10 µs on a connection of its own. */
export const valuesOfSending = 50;
const tickMilliseconds = 250;
/** The maximum number of accounts, more than the callers of a service within a minute. The oldest is closed first. */
const mostAccounts = 10_000;

/** The values that a caller has used, and the streams that wait until its budget has some left. */
interface Account {
  spentValues: number;
  /** `spentValues` as it was after the last tick. The difference has not been reported to other processes yet. */
  reportedValues: number;
  /** Calls that resume streams, the one that has waited longest first. */
  readonly waiting: Set<() => void>;
  isForgotten: boolean;
}

/** What callers have used since the last report, by their keys. */
export type ValueReport = readonly (readonly [key: string, values: number])[];

/**
 * The budgets of all callers. To charge is one addition. Each tick subtracts what a caller may use in that time from what
 * it has used. There are no ticks while all callers have their whole budget.
 */
export class ValueBudgets {
  readonly valuesPerSecond: number;
  readonly #capacity: number;
  readonly #now: () => number;
  readonly #report: ((report: ValueReport) => void) | null;
  readonly #accounts = new Map<string, Account>();
  #timer: NodeJS.Timeout | null = null;
  #tickedAt = 0;

  constructor(options: {
    readonly valuesPerSecond: number;
    /** Called with what callers have used here, to be counted in the other processes of the service. */
    readonly report?: ((report: ValueReport) => void) | undefined;
    /** Milliseconds of a monotonic clock. @default performance.now */
    readonly now?: () => number;
  }) {
    const { valuesPerSecond, report = null, now = () => performance.now() } = options;
    this.valuesPerSecond = valuesPerSecond;
    this.#capacity = valuesPerSecond * burstSeconds;
    this.#report = report;
    this.#now = now;
  }

  /** How many callers have less than their whole budget. */
  get size(): number {
    return this.#accounts.size;
  }

  /** The budget of a caller; equal keys have one. */
  of(key: string): ValueBudget {
    return new ValueBudget(this, key);
  }

  /** Counts what callers have used in another process. */
  note(report: ValueReport): void {
    for (const [key, values] of report) {
      const account = this.accountOf(key);
      account.spentValues += values;
      account.reportedValues += values;
    }
  }

  /** The account of a caller; null if it has its whole budget. This and the following methods are for `ValueBudget`. */
  find(key: string): Account | null {
    return this.#accounts.get(key) ?? null;
  }

  /** The account of a caller, opened if it has none. */
  accountOf(key: string): Account {
    const known = this.#accounts.get(key);
    if (known !== undefined) return known;
    const account: Account = { spentValues: 0, reportedValues: 0, waiting: new Set(), isForgotten: false };
    if (this.#capacity === Infinity) return account;
    if (this.#accounts.size >= mostAccounts) this.#forgetFirst();
    this.#accounts.set(key, account);
    this.#tickedAt = this.#timer === null ? this.#now() : this.#tickedAt;
    this.#timer ??= setInterval(() => this.tick(), tickMilliseconds).unref();
    return account;
  }

  /** Whether a caller has nothing left. */
  isSpent({ spentValues }: Account): boolean {
    return spentValues >= this.#capacity;
  }

  /** The time until a caller has something left, if it uses nothing meanwhile. */
  millisecondsUntilFree({ spentValues }: Account): number {
    const missing = spentValues - this.#capacity;
    return missing < 0 ? 0 : Math.ceil((missing * 1_000) / this.valuesPerSecond) + tickMilliseconds;
  }

  /** Called by the timer. */
  tick(): void {
    const now = this.#now();
    const regained = ((now - this.#tickedAt) * this.valuesPerSecond) / 1_000;
    this.#tickedAt = now;
    const report: [string, number][] = [];
    for (const [key, account] of this.#accounts) {
      if (account.spentValues > account.reportedValues)
        report.push([key, account.spentValues - account.reportedValues]);
      account.spentValues = Math.max(0, account.spentValues - regained);
      account.reportedValues = account.spentValues;
      this.#resumeWaiting(account);
      if (account.spentValues === 0 && account.waiting.size === 0) this.#forget(key, account);
    }
    if (report.length > 0) this.#report?.(report);
    if (this.#accounts.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  #resumeWaiting(account: Account): void {
    for (const resume of account.waiting) {
      if (this.isSpent(account)) return;
      account.waiting.delete(resume);
      resume();
    }
  }

  #forgetFirst(): void {
    for (const [key, account] of this.#accounts) {
      this.#forget(key, account);
      for (const resume of account.waiting) resume();
      return;
    }
  }

  #forget(key: string, account: Account): void {
    account.isForgotten = true;
    this.#accounts.delete(key);
  }
}

/** The budget of one caller. It may be kept for long: without an account it holds nothing but the key. */
export class ValueBudget {
  readonly key: string;
  readonly #budgets: ValueBudgets;
  #known: Account | null = null;

  constructor(budgets: ValueBudgets, key: string) {
    this.#budgets = budgets;
    this.key = key;
  }

  /** Whether nothing is left: nothing more may begin. What has begun may use more than is left. */
  get isSpent(): boolean {
    if (this.#known === null || this.#known.isForgotten) this.#known = this.#budgets.find(this.key);
    return this.#known !== null && this.#budgets.isSpent(this.#known);
  }

  /** BUDGET_EXCEEDED if nothing is left, else null. */
  get problem(): HvqlError | null {
    return this.isSpent ? this.exceeded() : null;
  }

  /** Counts the values of a result. `isCopy`: it was computed for another response, and is only sent again. */
  charge(values: number, isCopy = false): void {
    this.#account.spentValues += isCopy ? values * shareOfCopy : values;
  }

  /** Counts the values of an event, and that it is sent by itself. */
  chargeEvent(values: number, isCopy: boolean): void {
    this.charge(values, isCopy);
    this.charge(valuesOfSending);
  }

  /** Calls back once something is left, in the order of these calls. Returns a function that cancels the callback. */
  whenFree(resume: () => void): () => void {
    const { waiting } = this.#account;
    waiting.add(resume);
    return () => waiting.delete(resume);
  }

  /** BUDGET_EXCEEDED. `consequence` is a sentence for the caller, with a space before it. */
  exceeded(consequence = ''): HvqlError {
    const { valuesPerSecond } = this.#budgets;
    const retryInMilliseconds = this.#budgets.millisecondsUntilFree(this.#account);
    return new HvqlError(
      'BUDGET_EXCEEDED',
      `This caller has used all of its values: it may have ${valuesPerSecond} a second on average over a minute, in ` +
        `answers and events together.${consequence} Request fewer fields or fewer objects, or request them less often.`,
      { limit: valuesPerSecond, retryInMilliseconds },
    );
  }

  get #account(): Account {
    if (this.#known === null || this.#known.isForgotten) this.#known = this.#budgets.accountOf(this.key);
    return this.#known;
  }
}

/** An unlimited budget, for services without budgets. */
export const unlimitedBudget = new ValueBudgets({ valuesPerSecond: Infinity }).of('');

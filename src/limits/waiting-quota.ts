/** Limits on the queries that wait for a second reading, up to a minute, and on the texts that are kept for them. */
import { HvqlError } from '../errors.ts';
import { Usage, type RetainedText } from './usage.ts';

/** The limits on waiting queries, of all callers together and of one caller. */
export interface WaitingLimits {
  readonly maxWaiting: number;
  readonly maxWaitingPerCaller: number;
  readonly maxWaitingText: number;
  readonly maxWaitingTextPerCaller: number;
}

/** A query that is about to wait. */
export interface WaitingQuery {
  /** The key of its caller. */
  readonly key: string;
  readonly text: RetainedText;
}

/** A place becomes free when the wait of another query ends, which is not known beforehand. */
const retryInMilliseconds = 1_000;

/** Counts the queries that wait. A parsed document takes about a hundred times the memory of its text. */
export class WaitingQuota {
  readonly #limits: WaitingLimits;
  readonly #all = new Usage();
  readonly #byCaller = new Map<string, Usage>();

  constructor(limits: WaitingLimits) {
    this.#limits = limits;
  }

  /**
   * Counts a query until the returned function is called, once. Throws BUDGET_EXCEEDED if the caller has too
   * many, and OVERLOADED if all callers together have.
   */
  enter({ key, text }: WaitingQuery): () => void {
    const { maxWaiting, maxWaitingPerCaller, maxWaitingText, maxWaitingTextPerCaller } = this.#limits;
    const own = this.#byCaller.get(key) ?? new Usage();
    if (own.count >= maxWaitingPerCaller) throw refusal('BUDGET_EXCEEDED', maxWaitingPerCaller, 'queries');
    if (own.textWith(text) > maxWaitingTextPerCaller)
      throw refusal('BUDGET_EXCEEDED', maxWaitingTextPerCaller, 'characters');
    if (this.#all.count >= maxWaiting) throw refusal('OVERLOADED', maxWaiting, 'queries');
    if (this.#all.textWith(text) > maxWaitingText) throw refusal('OVERLOADED', maxWaitingText, 'characters');
    this.#byCaller.set(key, own);
    for (const usage of [own, this.#all]) {
      usage.count += 1;
      usage.countText(text, 1);
    }
    return () => {
      for (const usage of [own, this.#all]) {
        usage.count -= 1;
        usage.countText(text, -1);
      }
      if (own.isEmpty) this.#byCaller.delete(key);
    };
  }
}

function refusal(
  code: 'BUDGET_EXCEEDED' | 'OVERLOADED',
  limit: number,
  what: 'queries' | 'characters',
): HvqlError {
  const whose = code === 'OVERLOADED' ? 'all callers' : 'one caller';
  const most =
    what === 'queries'
      ? `At most ${limit} queries of ${whose} may wait for a second reading`
      : `The documents and variables of the queries of ${whose} that wait for a second reading may have ${limit} characters`;
  return new HvqlError(
    code,
    `${most}: try again later, poll with the polling interval as \`over\`, or use a subscription, which does not wait.`,
    { limit, retryInMilliseconds },
  );
}

/** One operation of a gateway: the hosts that are visible to its caller, and the requests to them. */
import { HvqlError } from '../../errors.ts';
import type { Cancellation } from '../../lib/abort.ts';
import type { FleetGrant } from '../delegated-token.ts';
import { FleetReader } from './fleet-reader.ts';
import { partsOfAnswer } from './host-answer.ts';
import { requestOf, type HostPart } from './host-part.ts';
import { hostUnreachable, MissedDeadline, type HostQuestions } from './host-questions.ts';
import type { HostRegistry } from './host-registry.ts';
import { askInWindow } from './question-window.ts';

/** What all operations of a gateway share. */
export interface FleetServices {
  readonly registry: HostRegistry;
  readonly questions: Pick<HostQuestions, 'ask'>;
  /** "Bearer <delegated token>" for these rights. */
  readonly authorize: (grant: FleetGrant) => Promise<string>;
  readonly hostDeadlineMilliseconds: number;
  /** The maximum bytes of all responses for one operation. */
  readonly maxFleetBytes: number;
}

/** A part that has not been requested from its host yet, and the functions that settle its promise. */
interface Waiting {
  readonly part: HostPart;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Sends each host one request for all of its parts of an operation, so that they come from one snapshot. */
export class FleetOperation extends FleetReader {
  readonly #services: FleetServices;
  readonly #variables: Readonly<Record<string, unknown>>;
  readonly #waiting = new Map<string, Waiting[]>();
  /** Request bodies by their parts: most hosts get the same one. */
  readonly #requests = new Map<string, Buffer>();
  readonly #numbers = new Map<HostPart, number>();
  readonly #cancellation: Cancellation;
  /** Ends the requests whose hosts wait for second readings; null before the first. */
  #abandons: (() => void)[] | null = null;
  #underWay: Promise<unknown> = Promise.resolve();
  #bytes = 0;

  constructor(parts: {
    readonly services: FleetServices;
    readonly grant: FleetGrant;
    /** Its signal is aborted once the client has gone. */
    readonly cancellation: Cancellation;
    /** The variables as the client sent them. */
    readonly variables: Readonly<Record<string, unknown>>;
  }) {
    super({ registry: parts.services.registry, grant: parts.grant });
    this.#services = parts.services;
    this.#cancellation = parts.cancellation;
    this.#variables = parts.variables;
  }

  override ask(host: string, part: HostPart): Promise<unknown> {
    return new Promise((resolve, reject) => {
      let waiting = this.#waiting.get(host);
      if (waiting === undefined) this.#waiting.set(host, (waiting = []));
      waiting.push({ part, resolve, reject });
      // All fields of one level are resolved before the first promise continues.
      if (this.#waiting.size === 1 && waiting.length === 1)
        this.#underWay = Promise.all([this.#underWay, Promise.resolve().then(() => this.#askAll())]);
    });
  }

  /** null: hosts read their values for this operation. */
  override async ageOf(): Promise<null> {
    return null;
  }

  protected override async isLate(): Promise<boolean> {
    return false;
  }

  protected override async settled(): Promise<void> {
    // Sibling fields may be resolved later in the same turn of the event loop.
    await Promise.resolve();
    let last;
    do {
      last = this.#underWay;
      await last;
    } while (last !== this.#underWay);
  }

  async #askAll(): Promise<void> {
    const all = [...this.#waiting];
    this.#waiting.clear();
    let authorization: string;
    try {
      authorization = await this.#services.authorize(this.grant);
    } catch (thrown) {
      for (const [, waiting] of all) for (const { reject } of waiting) reject(thrown);
      return;
    }
    await askInWindow(all, {
      ask: ([host, waiting]) => this.#askOne(host, { waiting, authorization, isTogether: all.length > 1 }),
      expectedBytes: ([, waiting]) => waiting.reduce((sum, { part }) => sum + part.expectedBytes, 0),
    });
  }

  /** Resolves with the number of bytes of the response; 0 without a response. */
  async #askOne(
    host: string,
    {
      waiting,
      ...asked
    }: {
      readonly waiting: readonly Waiting[];
      readonly authorization: string;
      readonly isTogether: boolean;
    },
  ): Promise<number> {
    const { registry, questions, hostDeadlineMilliseconds } = this.#services;
    try {
      const problem = registry.problem(host);
      if (problem !== null) throw hostUnreachable(host, problem);
      this.#assertRoom();
      const body = this.#requestOf(waiting.map(({ part }) => part));
      const bytes = await questions.ask(
        { host, body, ...asked, onWait: this.#onWait },
        hostDeadlineMilliseconds,
      );
      this.answered.add(host);
      this.#bytes += bytes.length;
      this.#assertRoom();
      const values = partsOfAnswer(bytes, {
        host,
        count: waiting.length,
        version: () => registry.get(host)?.alive?.version ?? null,
      });
      waiting.forEach(({ resolve, reject }, n) => {
        const value = values[n];
        if (value instanceof Error) reject(value);
        else resolve(value);
      });
      return bytes.length;
    } catch (thrown) {
      if (thrown instanceof MissedDeadline) registry.missed(host);
      if (thrown instanceof HvqlError && thrown.code === 'HOST_UNREACHABLE') this.failed.add(host);
      for (const { reject } of waiting) reject(thrown);
      return 0;
    }
  }

  /** Other requests end soon, at the deadline: the signal is created only for these. */
  readonly #onWait = (abandon: () => void): void => {
    if (this.#abandons === null) {
      const abandons: (() => void)[] = (this.#abandons = []);
      const { signal } = this.#cancellation;
      const abandonAll = (): void => {
        for (const each of abandons) each();
      };
      signal.addEventListener('abort', abandonAll, { once: true });
    }
    this.#abandons.push(abandon);
    if (this.#cancellation.signal.aborted) abandon();
  };

  #assertRoom(): void {
    const { maxFleetBytes } = this.#services;
    if (this.#bytes <= maxFleetBytes) return;
    throw new HvqlError(
      'LIMIT_EXCEEDED',
      `The responses of the hosts have more than ${maxFleetBytes} bytes together: request fewer fields or objects of each, or fewer hosts.`,
      { limit: maxFleetBytes, actual: this.#bytes },
    );
  }

  #requestOf(parts: readonly HostPart[]): Buffer {
    const key = parts.map((part) => this.#numberOf(part)).join();
    let request = this.#requests.get(key);
    if (request === undefined) this.#requests.set(key, (request = requestOf(parts, this.#variables)));
    return request;
  }

  #numberOf(part: HostPart): number {
    let number = this.#numbers.get(part);
    if (number === undefined) this.#numbers.set(part, (number = this.#numbers.size));
    return number;
  }
}

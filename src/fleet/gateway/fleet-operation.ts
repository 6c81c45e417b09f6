/** One operation of a gateway: which hosts its caller may know of, and what they are asked. */
import { HvqlError } from '../../errors.ts';
import type { FleetGrant } from '../delegated-token.ts';
import { FleetReader } from './fleet-reader.ts';
import { partsOfAnswer } from './host-answer.ts';
import { requestOf, type HostPart } from './host-part.ts';
import { hostUnreachable, MissedDeadline, type HostQuestions } from './host-questions.ts';
import type { HostRegistry } from './host-registry.ts';

/** Hosts that are asked at the same time: NATS cuts a client off that takes its messages too slowly. */
const waveSize = 100;
/** The next hosts are asked once this number of answers has come: one write of many questions takes a fraction of as many writes. */
const refillSize = 25;
/** Upper bound on how long a host waits for others to be asked with it. */
const refillMilliseconds = 5;

/** What all operations of a gateway share. */
export interface FleetServices {
  readonly registry: HostRegistry;
  readonly questions: Pick<HostQuestions, 'ask'>;
  /** "Bearer <delegated token>" for these rights. */
  readonly authorize: (grant: FleetGrant) => Promise<string>;
  readonly hostDeadlineMilliseconds: number;
  /** Bytes of all answers to one operation. */
  readonly maxFleetBytes: number;
}

/** A part that waits to be asked for, and its caller. */
interface Waiting {
  readonly part: HostPart;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Asks each host once for all parts of an operation that concern it, so that they are of one moment there. */
export class FleetOperation extends FleetReader {
  readonly #services: FleetServices;
  readonly #variables: Readonly<Record<string, unknown>>;
  readonly #waiting = new Map<string, Waiting[]>();
  /** Requests by the parts that they have: most hosts are asked the same. */
  readonly #requests = new Map<string, Buffer>();
  readonly #numbers = new Map<HostPart, number>();
  #underWay: Promise<unknown> = Promise.resolve();
  #bytes = 0;

  constructor(parts: {
    readonly services: FleetServices;
    readonly grant: FleetGrant;
    /** As the client sent them. */
    readonly variables: Readonly<Record<string, unknown>>;
  }) {
    super({ registry: parts.services.registry, grant: parts.grant });
    this.#services = parts.services;
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

  /** Values are read for the operation. */
  override async ageOf(): Promise<null> {
    return null;
  }

  protected override async isLate(): Promise<boolean> {
    return false;
  }

  protected override async settled(): Promise<void> {
    // Fields beside the one that waits for this may be resolved later in the same turn.
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
    await inWaves(all, ([host, waiting]) => this.#askOne(host, { waiting, authorization }));
  }

  async #askOne(
    host: string,
    { waiting, authorization }: { readonly waiting: readonly Waiting[]; readonly authorization: string },
  ): Promise<void> {
    const { registry, questions, hostDeadlineMilliseconds } = this.#services;
    try {
      const problem = registry.problem(host);
      if (problem !== null) throw hostUnreachable(host, problem);
      this.#assertRoom();
      const body = this.#requestOf(waiting.map(({ part }) => part));
      const bytes = await questions.ask({ host, body, authorization }, hostDeadlineMilliseconds);
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
    } catch (thrown) {
      if (thrown instanceof MissedDeadline) registry.missed(host);
      if (thrown instanceof HvqlError && thrown.code === 'HOST_UNREACHABLE') this.failed.add(host);
      for (const { reject } of waiting) reject(thrown);
    }
  }

  #assertRoom(): void {
    const { maxFleetBytes } = this.#services;
    if (this.#bytes <= maxFleetBytes) return;
    throw new HvqlError(
      'LIMIT_EXCEEDED',
      `The answers of the hosts have more than ${maxFleetBytes} bytes together: ask for less of each, or for fewer hosts.`,
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

/** Calls `ask`, which does not reject, for each item: for as many at a time as a wave has, and for several together. */
function inWaves<Item>(items: readonly Item[], ask: (item: Item) => Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    let next = 0;
    let open = 0;
    let timer: NodeJS.Timeout | undefined;
    const askMore = (): void => {
      clearTimeout(timer);
      timer = undefined;
      for (; open < waveSize && next < items.length; next += 1) {
        open += 1;
        void ask(items[next] as Item).then(onAnswer);
      }
    };
    const onAnswer = (): void => {
      open -= 1;
      if (next === items.length) {
        if (open === 0) resolve();
      } else if (open <= waveSize - refillSize) askMore();
      else timer ??= setTimeout(askMore, refillMilliseconds);
    };
    if (items.length === 0) resolve();
    else askMore();
  });
}

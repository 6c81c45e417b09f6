/** One operation of a gateway: which hosts its caller may know of, and what they are asked. */
import { HvqlError } from '../../errors.ts';
import type { GrantedHosts } from '../../server/auth/token.ts';
import type { FleetGrant } from '../delegated-token.ts';
import { partsOfAnswer } from './host-answer.ts';
import { requestOf, type HostPart } from './host-part.ts';
import { hostUnreachable, MissedDeadline, type HostQuestions } from './host-questions.ts';
import type { HostRegistry, KnownHost } from './host-registry.ts';

/** Hosts that are asked at the same time: NATS cuts a client off that takes its messages too slowly. */
const waveSize = 100;

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

/** The host's part of an operation, or the error in its place. */
export type HostResult =
  { readonly host: string; readonly value: unknown } | { readonly host: string; readonly error: HvqlError };

/** Asks each host once for all parts of an operation that concern it, so that they are of one moment there. */
export class FleetOperation {
  readonly #services: FleetServices;
  readonly #grant: FleetGrant;
  readonly #variables: Readonly<Record<string, unknown>>;
  readonly #waiting = new Map<string, Waiting[]>();
  /** Requests by the parts that they have: most hosts are asked the same. */
  readonly #requests = new Map<string, Buffer>();
  readonly #numbers = new Map<HostPart, number>();
  readonly #failed = new Set<string>();
  #underWay: Promise<unknown> = Promise.resolve();
  #bytes = 0;

  constructor(parts: {
    readonly services: FleetServices;
    readonly grant: FleetGrant;
    /** As the client sent them. */
    readonly variables: Readonly<Record<string, unknown>>;
  }) {
    this.#services = parts.services;
    this.#grant = parts.grant;
    this.#variables = parts.variables;
  }

  get grant(): FleetGrant {
    return this.#grant;
  }

  /** The hosts that the caller's token names, by name. */
  hosts(): readonly KnownHost[] {
    return this.#services.registry.all().filter(({ name }) => isNamed(this.#grant.hosts, name));
  }

  /** A host that the caller's token names; null for any other, which does not exist for the caller. */
  host(name: string): KnownHost | null {
    return isNamed(this.#grant.hosts, name) ? this.#services.registry.get(name) : null;
  }

  /** Asks a host for a part. Rejects with HOST_UNREACHABLE, or with the error that the host has in the part's place. */
  ask(host: string, part: HostPart): Promise<unknown> {
    return new Promise((resolve, reject) => {
      let waiting = this.#waiting.get(host);
      if (waiting === undefined) this.#waiting.set(host, (waiting = []));
      waiting.push({ part, resolve, reject });
      // All fields of one level are resolved before the first promise continues.
      if (this.#waiting.size === 1 && waiting.length === 1)
        this.#underWay = Promise.all([this.#underWay, Promise.resolve().then(() => this.#askAll())]);
    });
  }

  /** Asks all hosts. An error of a host is its result; where no host has a value, the first error is thrown. */
  async askEach(part: HostPart): Promise<readonly HostResult[]> {
    const results = await Promise.all(
      this.hosts().map(({ name }): Promise<HostResult> =>
        this.ask(name, part).then(
          (value) => ({ host: name, value }),
          (thrown: unknown) => {
            if (!(thrown instanceof HvqlError)) throw thrown;
            this.#failed.add(name);
            return { host: name, error: thrown };
          },
        ),
      ),
    );
    const [first] = results;
    const isUnreachable = (result: HostResult): boolean =>
      'error' in result && result.error.code === 'HOST_UNREACHABLE';
    if (first !== undefined && 'error' in first && results.every((each) => 'error' in each)) {
      const said = results.find((each) => !isUnreachable(each));
      if (said !== undefined && 'error' in said) throw said.error;
    }
    return results;
  }

  /** The hosts that could not be asked, or have no value in a list or total, once everything has been asked for. */
  async unreachable(): Promise<readonly KnownHost[]> {
    // Fields beside this one may be resolved later in the same turn.
    await Promise.resolve();
    let last;
    do {
      last = this.#underWay;
      await last;
    } while (last !== this.#underWay);
    return this.hosts().filter(({ name, status }) => status === 'UNREACHABLE' || this.#failed.has(name));
  }

  async #askAll(): Promise<void> {
    const all = [...this.#waiting];
    this.#waiting.clear();
    let authorization: string;
    try {
      authorization = await this.#services.authorize(this.#grant);
    } catch (thrown) {
      for (const [, waiting] of all) for (const { reject } of waiting) reject(thrown);
      return;
    }
    let next = 0;
    const askNext = async (): Promise<void> => {
      for (let entry = all[next++]; entry !== undefined; entry = all[next++])
        await this.#askOne(entry[0], { waiting: entry[1], authorization });
    };
    await Promise.all(Array.from({ length: Math.min(waveSize, all.length) }, askNext));
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
      this.#bytes += bytes.length;
      this.#assertRoom();
      const version = registry.get(host)?.alive?.version ?? null;
      const values = partsOfAnswer(bytes, { host, count: waiting.length, version });
      waiting.forEach(({ resolve, reject }, n) => {
        const value = values[n];
        if (value instanceof Error) reject(value);
        else resolve(value);
      });
    } catch (thrown) {
      if (thrown instanceof MissedDeadline) registry.missed(host);
      if (thrown instanceof HvqlError && thrown.code === 'HOST_UNREACHABLE') this.#failed.add(host);
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

function isNamed(hosts: GrantedHosts, name: string): boolean {
  return hosts === '*' || hosts.includes(name);
}

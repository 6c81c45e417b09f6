/** What the resolvers of the fleet's types read from: the hosts that a caller may query, and their responses. */
import { HvqlError } from '../../errors.ts';
import type { GrantedHosts } from '../../server/auth/token.ts';
import type { FleetGrant } from '../delegated-token.ts';
import type { HostPart } from './host-part.ts';
import type { HostRegistry, KnownHost } from './host-registry.ts';

/** A host's result for a part of an operation, or the error in its place. */
export type HostResult =
  { readonly host: string; readonly value: unknown } | { readonly host: string; readonly error: HvqlError };

/** The hosts of one caller, and their results for the parts of one operation. */
export abstract class FleetReader {
  readonly grant: FleetGrant;
  readonly #registry: Pick<HostRegistry, 'all' | 'get'>;
  /** Hosts that are missing from a list or total, or that could not be queried. */
  protected readonly failed = new Set<string>();
  /** Hosts that have a value: a host that has missed an earlier deadline may respond this time. */
  protected readonly answered = new Set<string>();

  constructor({
    registry,
    grant,
  }: {
    readonly registry: Pick<HostRegistry, 'all' | 'get'>;
    readonly grant: FleetGrant;
  }) {
    this.#registry = registry;
    this.grant = grant;
  }

  /** The hosts that the caller's token names, by name. */
  hosts(): readonly KnownHost[] {
    return this.#registry.all().filter(({ name }) => isNamed(this.grant.hosts, name));
  }

  /** A host that the caller's token names; null for any other, which does not exist for the caller. */
  host(name: string): KnownHost | null {
    return isNamed(this.grant.hosts, name) ? this.#registry.get(name) : null;
  }

  /** The host's result for a part. Rejects with HOST_UNREACHABLE, or with the host's own error for the part. */
  abstract ask(host: string, part: HostPart): Promise<unknown>;

  /** The age of a host's values, in milliseconds; null without values, and if they are read for this operation. */
  abstract ageOf(host: string): Promise<number | null>;

  /** Resolves once everything that the operation needs has been requested, and has arrived or failed. */
  protected abstract settled(): Promise<void>;

  /** Queries all hosts. An error of a host is its result; if no host has a value, the first error is thrown. */
  async askEach(part: HostPart): Promise<readonly HostResult[]> {
    const results = await Promise.all(
      this.hosts().map(({ name }): Promise<HostResult> =>
        this.ask(name, part).then(
          (value) => ({ host: name, value }),
          (thrown: unknown) => {
            if (!(thrown instanceof HvqlError)) throw thrown;
            this.failed.add(name);
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

  /** The hosts that could not be queried or are missing from a list or total, once everything has been requested. */
  async unreachable(): Promise<readonly KnownHost[]> {
    await this.settled();
    return this.hosts().filter(
      ({ name, status }) => this.failed.has(name) || (status === 'UNREACHABLE' && !this.answered.has(name)),
    );
  }

  /** The hosts whose values were in an earlier event already, once everything has been requested. */
  async late(): Promise<readonly KnownHost[]> {
    const hosts = this.hosts();
    const isLate = await Promise.all(hosts.map(({ name }) => this.isLate(name)));
    return hosts.filter((_, n) => isLate[n]);
  }

  /** Whether a host has sent nothing new in time for this event. */
  protected abstract isLate(host: string): Promise<boolean>;
}

function isNamed(hosts: GrantedHosts, name: string): boolean {
  return hosts === '*' || hosts.includes(name);
}

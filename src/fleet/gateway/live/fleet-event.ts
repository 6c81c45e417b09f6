/** What one event of a subscription reads: the newest values of its hosts. */
import { HvqlError } from '../../../errors.ts';
import { FleetReader } from '../fleet-reader.ts';
import type { HostPart } from '../host-part.ts';
import type { HostRegistry } from '../host-registry.ts';
import type { FleetGrant } from '../../delegated-token.ts';
import type { HostStream } from './host-stream.ts';

/** The inputs of an event. */
export interface FleetEventOptions {
  readonly registry: Pick<HostRegistry, 'all' | 'get'>;
  readonly grant: FleetGrant;
  /** The stream with the part of a host. Marks it as needed. */
  readonly streamOf: (host: string, part: HostPart) => HostStream;
  readonly everyMilliseconds: number;
  /** Whether it waits until each host has sent something or missed its deadline. */
  readonly isFirst: boolean;
  /** Bytes of all values together. */
  readonly maxFleetBytes: number;
}

/** Reads streams instead of querying hosts. Only a first event waits for them. */
export class FleetEvent extends FleetReader {
  readonly #options: FleetEventOptions;
  /** The age of the oldest value of each host that was read. */
  readonly #ages = new Map<string, number>();
  readonly #underWay: Promise<unknown>[] = [];
  #bytes = 0;

  constructor(options: FleetEventOptions) {
    super(options);
    this.#options = options;
  }

  override ask(host: string, part: HostPart): Promise<unknown> {
    const read = this.#read(host, part);
    if (this.#options.isFirst) this.#underWay.push(read.catch(() => undefined));
    return read;
  }

  override async ageOf(host: string): Promise<number | null> {
    await this.settled();
    return this.#ages.get(host) ?? null;
  }

  protected override async isLate(host: string): Promise<boolean> {
    return ((await this.ageOf(host)) ?? 0) > this.#options.everyMilliseconds;
  }

  protected override async settled(): Promise<void> {
    // Sibling fields may be resolved later in the same turn of the event loop.
    await Promise.resolve();
    await Promise.all(this.#underWay);
  }

  async #read(host: string, part: HostPart): Promise<unknown> {
    const { streamOf, isFirst, maxFleetBytes } = this.#options;
    const stream = streamOf(host, part);
    if (isFirst) await stream.first();
    try {
      const { value, ageMilliseconds, bytes } = stream.read();
      this.#bytes += bytes;
      if (this.#bytes > maxFleetBytes) throw tooLong(maxFleetBytes, this.#bytes);
      this.answered.add(host);
      this.#ages.set(host, Math.max(this.#ages.get(host) ?? 0, ageMilliseconds));
      if (value instanceof Error) throw value;
      return value;
    } catch (thrown) {
      if (thrown instanceof HvqlError && thrown.code === 'HOST_UNREACHABLE') this.failed.add(host);
      throw thrown;
    }
  }
}

function tooLong(limit: number, actual: number): HvqlError {
  return new HvqlError(
    'LIMIT_EXCEEDED',
    `The values of the hosts in one event have more than ${limit} bytes together: request fewer fields or objects of each, or fewer hosts.`,
    { limit, actual },
  );
}

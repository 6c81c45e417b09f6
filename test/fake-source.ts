/** A source in memory for tests: real pages, a clock that the test controls, and a record of what was read. */
import type { Counter } from '../src/catalogue/counter.ts';
import { HvqlError } from '../src/errors.ts';
import { decodePage } from '../src/page/decode.ts';
import { encodeCounters } from '../src/page/encode.ts';
import type { Moment } from '../src/snapshot/moment.ts';
import { objectKey, pagePlace, type ObjectName } from '../src/snapshot/object-name.ts';
import type { Readings } from '../src/snapshot/reading.ts';
import { topologyOf, type PartitionEntry, type Topology } from '../src/snapshot/topology.ts';
import type { Source } from '../src/source/source.ts';

/** What the fake host has; all may be changed between looks. */
export class FakeSource implements Source {
  readonly kind = 'fake';
  readonly description = 'fake';
  /** The batches read, as object keys; the hypervisor's key is ''. */
  readonly batches: string[][] = [];
  topologies = 0;
  milliseconds = 0;
  logicalProcessors: number[] = [0, 1];
  partitions: PartitionEntry[] = [];
  /** The value of a counter of an object, here one that grows with time. */
  value: (counter: Counter, name: ObjectName, milliseconds: number) => bigint = (
    { slot },
    _name,
    milliseconds,
  ) => BigInt((slot + 1) * milliseconds);
  /** Objects, by key, that cannot be read; '*' is the source as a whole. */
  readonly broken = new Map<string, HvqlError>();

  now(): Moment {
    return {
      wallMilliseconds: 1_700_000_000_000 + this.milliseconds,
      monotonicNanoseconds: BigInt(this.milliseconds) * 1_000_000n,
    };
  }

  /** Lets time go by; give it to a sampler as its `wait`. */
  readonly wait = async (milliseconds: number): Promise<void> => {
    this.milliseconds += milliseconds;
  };

  async topology(): Promise<Topology> {
    return this.topologyNow();
  }

  topologyNow(): Topology {
    this.topologies += 1;
    this.#throwIfBroken('*');
    return topologyOf(this.logicalProcessors, this.partitions);
  }

  async read(objects: readonly ObjectName[]): Promise<Readings> {
    return this.readNow(objects);
  }

  readNow(objects: readonly ObjectName[]): Readings {
    this.batches.push(objects.map(objectKey));
    this.#throwIfBroken('*');
    const outcomes = objects.map((name) => {
      const error = this.broken.get(objectKey(name));
      if (error !== undefined) return error;
      const bytes = encodeCounters(name.object, (counter) => this.value(counter, name, this.milliseconds));
      return decodePage(bytes, { object: name.object, place: pagePlace(name) });
    });
    return { at: this.now(), outcomes };
  }

  async close(): Promise<void> {
    this.broken.set('*', new HvqlError('PAGE_UNAVAILABLE', 'closed'));
  }

  #throwIfBroken(key: string): void {
    const error = this.broken.get(key);
    if (error !== undefined) throw error;
  }
}

/** A partition entry with this many virtual processors. */
export function partitionEntry(id: bigint, parent: bigint | null, count = 2): PartitionEntry {
  return { id, parent, name: `p${id}`, virtualProcessors: Array.from({ length: count }, (_, n) => n) };
}

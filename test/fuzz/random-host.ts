/** Random hypervisors as a source: any topology, pages of any kind, and a record of every snapshot that was taken. */
import { type Counter, maxUInt64 } from '../../src/catalogue/counter.ts';
import { HvqlError } from '../../src/errors.ts';
import { decodePage } from '../../src/page/decode.ts';
import { hypervisorName, objectKey, pagePlace, type ObjectName } from '../../src/snapshot/object-name.ts';
import type { Reading, Readings } from '../../src/snapshot/reading.ts';
import { topologyOf, type PartitionEntry, type Topology } from '../../src/snapshot/topology.ts';
import { FakeSource } from '../fake-source.ts';
import { choicesOf, oneOf, rarely, wideNumber, type Choose } from './choice.ts';
import { bytesAt, randomPage, valueAt, type RandomPage } from './random-page.ts';

/** One reading of the source that succeeded: when, and what was read. */
export interface TakenSnapshot {
  readonly at: number;
  /** The objects whose counters were read: what may be held. */
  readonly keys: ReadonlySet<string>;
  /** Those with the objects of which only what is unlisted was read. */
  readonly seen: ReadonlySet<string>;
}

/** A page, and from a millisecond on another one in its place. */
interface ChangingPage {
  readonly first: RandomPage;
  readonly changesAt: number;
  readonly second: RandomPage;
  /** From then on another page replaces it; null for never. */
  readonly returnsAt: number | null;
  readonly third: RandomPage;
}

const unavailable = (what: string): HvqlError => new HvqlError('PAGE_UNAVAILABLE', `${what} cannot be read.`);

/** A host that is determined by a seed. */
export class RandomHost extends FakeSource {
  readonly snapshots: TakenSnapshot[] = [];
  /** Which part of the source fails completely. */
  readonly fails: 'nothing' | 'topology' | 'read';
  readonly hasUnlistedProcessors: boolean;
  /** Whether counters of time come with a clock of their own, as on Windows. */
  readonly hasBases: boolean;
  readonly #pages = new Map<string, ChangingPage>();
  readonly #topology: Topology;

  constructor(...seed: readonly number[]) {
    super();
    const choose = choicesOf(...seed);
    this.fails = oneOf(choose, [
      'nothing',
      ...Array<'nothing'>(25).fill('nothing'),
      'topology',
      'read',
    ] as const);
    this.hasBases = rarely(choicesOf(...seed, 7), 4);
    this.hasUnlistedProcessors = rarely(choose, 15);
    this.partitions = randomPartitions(choose);
    this.logicalProcessors = this.hasUnlistedProcessors ? [] : randomIndexes(choose);
    this.#topology = topologyOf(
      this.hasUnlistedProcessors ? unavailable('The list lp') : this.logicalProcessors,
      this.partitions,
    );
    const brokenOnce = oneOf(choose, [1_000, 10, 4]);
    for (const name of this.names())
      this.#pages.set(objectKey(name), changingPage(choose, { name, brokenOnce }));
  }

  /** All existing objects. */
  names(): ObjectName[] {
    return [
      hypervisorName,
      ...this.logicalProcessors.map((index) => ({ object: 'LOGICAL_PROCESSOR', index }) as const),
      ...this.partitions.flatMap(({ id: partitionId, virtualProcessors }): ObjectName[] => [
        { object: 'PARTITION', partitionId },
        ...virtualProcessors.map((index) => ({ object: 'VIRTUAL_PROCESSOR', partitionId, index }) as const),
      ]),
    ];
  }

  /** The page of an object at a millisecond, or what replaces it. */
  pageAt(name: ObjectName, milliseconds: number): RandomPage {
    const page = this.#pages.get(objectKey(name));
    if (page === undefined) return { is: 'unavailable' };
    if (page.returnsAt !== null && milliseconds >= page.returnsAt) return page.third;
    return milliseconds < page.changesAt ? page.first : page.second;
  }

  /** The number that was put into an object's page for a counter; null where none was. */
  numberAt(name: ObjectName, counter: Counter, milliseconds: number): bigint | null {
    const page = this.pageAt(name, milliseconds);
    if (page.is !== 'fine') return null;
    const { index, release, statisticsGroup } = counter;
    const { id, versionMajor } = statisticsGroup;
    const group = page.groups.find((each) => each.type === id && each.versionMajor === versionMajor);
    if (group === undefined || index === null || (release > 2013 && group.versionMinor === 0)) return null;
    const value = group.values[index - 1];
    return value === undefined ? null : valueAt(value, milliseconds);
  }

  /** The clock that comes with a counter of time, every other one's; it begins at 0 again with another page. */
  baseAt(name: ObjectName, { kind, slot }: Counter, milliseconds: number): bigint | null {
    if (!this.hasBases || kind !== 'TIME' || slot % 2 > 0) return null;
    const changesAt = this.#pages.get(objectKey(name))?.changesAt ?? 0;
    const sinceStart = milliseconds < changesAt ? milliseconds + 5_000 : milliseconds - changesAt;
    return BigInt(sinceStart * (8_000 + slot));
  }

  /** What is reported of an object under names that the catalogue does not have. */
  unlistedAt(name: ObjectName, milliseconds: number): { name: string; value: bigint }[] {
    if (this.partitions.length % 2 > 0) return [];
    const length = objectKey(name).length;
    return Array.from({ length: length === 5 ? 600 : length % 3 }, (_, n) => ({
      name: n === 1 ? 'x'.repeat(122 + length) : `OfTomorrow${n}`,
      value: BigInt(n * milliseconds + length),
    }));
  }

  /** Begins again. */
  rewind(): void {
    this.milliseconds = 0;
    this.snapshots.length = 0;
  }

  override async topology(): Promise<Topology> {
    this.topologies += 1;
    if (this.fails === 'topology') throw unavailable('The source');
    return this.#topology;
  }

  override async read(objects: readonly ObjectName[]): Promise<Readings> {
    if (this.fails === 'read') throw unavailable('The source');
    const counted = objects.filter(({ unlisted }) => unlisted !== true);
    const [keys, seen] = [counted, objects].map((some) => new Set(some.map(objectKey)));
    this.snapshots.push({ at: this.milliseconds, keys: keys ?? new Set(), seen: seen ?? new Set() });
    return { at: this.now(), outcomes: objects.map((name) => this.#read(name)) };
  }

  #read(name: ObjectName): Reading | HvqlError {
    const page = this.pageAt(name, this.milliseconds);
    if (page.is === 'unavailable') return unavailable(pagePlace(name));
    const bytes = page.is === 'malformed' ? page.bytes : bytesAt(page.groups, this.milliseconds);
    const at = this.milliseconds;
    try {
      const reading: Reading = decodePage(bytes, { object: name.object, place: pagePlace(name) });
      if (name.unlisted === true) Object.assign(reading, { unnamed: () => this.unlistedAt(name, at) });
      if (!this.hasBases) return reading;
      return Object.assign(reading, {
        base: (counter: Counter) => this.baseAt(name, counter, at) ?? undefined,
      });
    } catch (error) {
      if (error instanceof HvqlError) return error;
      throw error;
    }
  }
}

function randomPartitions(choose: Choose): PartitionEntry[] {
  const root = rarely(choose, 8) ? null : 1n;
  const ids = new Set<bigint>(root === null ? [] : [root]);
  for (let count = choose(6); count > 0; count -= 1) {
    const id = rarely(choose, 5) ? wideNumber(choose) : BigInt(2 + choose(18));
    ids.add(id === 0n ? maxUInt64 : id);
  }
  const partitions: PartitionEntry[] = [];
  const depths = new Map<bigint, number>();
  for (const id of ids) {
    // Of those before it, so that none is its own ancestor; or of one that does not exist.
    const parents = partitions.filter((each) => (depths.get(each.id) ?? 0) < 4).map((each) => each.id);
    const parent =
      id === root
        ? null
        : rarely(choose, 10) || parents.length === 0
          ? BigInt(2 + choose(30)) * 1_000n
          : rarely(choose, 2)
            ? oneOf(choose, parents)
            : (parents[0] ?? null);
    depths.set(id, parent === null ? 0 : (depths.get(parent) ?? 0) + 1);
    const isUnlisted = rarely(choose, 12);
    partitions.push({
      id,
      parent,
      name: rarely(choose, 6) ? null : `the name of ${id}`,
      virtualProcessors: isUnlisted ? [] : randomIndexes(choose),
      ...(isUnlisted ? { listError: unavailable(`The list partition/${id}/vp`) } : {}),
    });
  }
  return partitions;
}

/** Ascending, with gaps here and there. */
function randomIndexes(choose: Choose): number[] {
  const indexes = Array.from({ length: choose(4) }, (_, n) => n);
  return rarely(choose, 4) ? indexes.map((index) => index * 2 + 1) : indexes;
}

function changingPage(choose: Choose, of: { name: ObjectName; brokenOnce: number }): ChangingPage {
  const asked = { object: of.name.object, brokenOnce: of.brokenOnce };
  const first = randomPage(choose, asked);
  const never = { changesAt: Number.POSITIVE_INFINITY, returnsAt: null, third: first };
  if (!rarely(choose, 10)) return { first, second: first, ...never };
  const changesAt = 1 + choose(3_000);
  const second = randomPage(choose, asked);
  if (!rarely(choose, 2)) return { first, second, ...never, changesAt };
  // Absent for a while, and then another object with its own counters.
  const gone = { is: 'unavailable' } as const;
  return { first, second: gone, changesAt, returnsAt: changesAt + 1 + choose(1_000), third: second };
}

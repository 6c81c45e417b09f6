/** What every source must do: each sentence of `src/source/source.ts` as a test. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { countersOf } from '../../src/catalogue/catalogue.ts';
import { HvqlError } from '../../src/errors.ts';
import { hypervisorName, objectKey, type ObjectName } from '../../src/snapshot/object-name.ts';
import type { Reading } from '../../src/snapshot/reading.ts';
import { namesOf } from '../../src/source/host-snapshot.ts';
import type { Source } from '../../src/source/source.ts';

/** A source to test, with a valid host of at least two partitions. */
export interface SourceOnTrial {
  readonly source: Source;
  /** Lets time pass: the numbers of logical processor 0 change, at least. */
  readonly goOn: () => void;
}

/** Whether the methods of a source or its `sync` are called. */
export type SourceWay = 'asynchronously' | 'synchronously';
export const bothWays: readonly SourceWay[] = ['asynchronously', 'synchronously'];

const never = new AbortController().signal;
const unknownNames: readonly ObjectName[] = [
  { object: 'LOGICAL_PROCESSOR', index: 2_000_000 },
  { object: 'PARTITION', partitionId: 0xffff_ffff_ffff_fff1n },
  { object: 'VIRTUAL_PROCESSOR', partitionId: 0xffff_ffff_ffff_fff1n, index: 0 },
  { object: 'VIRTUAL_PROCESSOR', partitionId: 1n, index: 2_000_000 },
];

/**
 * The suite, for the way that waits and, where a source has one, for the way that does not. `open` is called before
 * each test; what it makes is closed by the suite.
 */
export function describeSource(
  title: string,
  open: () => Promise<SourceOnTrial>,
  ways: readonly SourceWay[] = ['asynchronously'],
): void {
  describe.each(ways)(`${title} as a source, called %s,`, (way) => {
    let source: Source;
    let goOn: () => void;
    beforeEach(async () => {
      const onTrial = await open();
      // A source with synchronous methods is tested with these, too.
      expect(onTrial.source.sync !== undefined).toBe(ways.includes('synchronously'));
      source = way === 'asynchronously' ? onTrial.source : askedSync(onTrial.source);
      goOn = onTrial.goOn;
    });
    afterEach(async () => source.close());

    async function everything(): Promise<ObjectName[]> {
      return namesOf(await source.topology(never));
    }

    it('names its kind without a path', () => {
      expect(source.kind).toMatch(/^[a-z]+$/);
      expect(source.description.startsWith(source.kind)).toBe(true);
    });

    it('lists objects in ascending order, each once', async () => {
      const { logicalProcessors, partitions } = await source.topology(never);
      expect(logicalProcessors.length).toBeGreaterThan(0);
      expect(partitions.length).toBeGreaterThan(1);
      expectAscending(logicalProcessors);
      expectAscending(partitions.map(({ id }) => id));
      for (const { virtualProcessors } of partitions) expectAscending(virtualProcessors);
    });

    it('returns the same topology object while nothing in it changes', async () => {
      const topology = await source.topology(never);
      await source.read([hypervisorName], never);
      expect(await source.topology(never)).toBe(topology);
      for (const { id } of topology.partitions) {
        expect(await source.topology(never, new Set([id]))).toBe(topology);
      }
    });

    it('finds each partition by its id, and no others', async () => {
      const topology = await source.topology(never);
      for (const partition of topology.partitions) {
        expect(topology.partition(partition.id)).toBe(partition);
      }
      expect(topology.partition(0n)).toBeUndefined();
    });

    it('has one root, the ancestor of all other partitions', async () => {
      const topology = await source.topology(never);
      expect(topology.partitions.filter(({ parent }) => parent === null)).toHaveLength(1);
      for (const partition of topology.partitions) {
        let ancestor = partition;
        for (let steps = 0; ancestor.parent !== null; steps++) {
          const parent = topology.partition(ancestor.parent);
          if (parent === undefined) throw new Error(`partition ${ancestor.parent} is missing`);
          expect(steps).toBeLessThan(topology.partitions.length);
          ancestor = parent;
        }
      }
    });

    it('reads every object that it lists, in the requested order', async () => {
      const names = await everything();
      const inOrder = await readAll(source, names);
      const backwards = await readAll(source, names.toReversed());
      expect(inOrder.map(numbersOf)).toEqual(backwards.toReversed().map(numbersOf));
      for (const found of inOrder) expect(numbersOf(found)).toContainEqual(expect.any(BigInt));
    });

    it('reads an object as often as it is requested', async () => {
      const [first, second] = await readAll(source, [hypervisorName, hypervisorName]);
      expect(first && numbersOf(first)).toEqual(second && numbersOf(second));
    });

    it('has a time even for an empty batch', async () => {
      const { at, outcomes } = await source.read([], never);
      expect(outcomes).toEqual([]);
      expect(Number.isFinite(at.wallMilliseconds)).toBe(true);
      expect(typeof at.monotonicNanoseconds).toBe('bigint');
    });

    it('returns PAGE_UNAVAILABLE for an unknown object and reads the others', async () => {
      const { outcomes } = await source.read([...unknownNames, hypervisorName], never);
      expect(outcomes).toHaveLength(unknownNames.length + 1);
      for (const [n, name] of unknownNames.entries()) {
        const outcome = outcomes[n];
        expect(outcome).toBeInstanceOf(HvqlError);
        expect(outcome).toMatchObject({ code: 'PAGE_UNAVAILABLE' });
        expect(outcome instanceof HvqlError && outcome.message).toContain(objectKey(name));
      }
      expect(outcomes.at(-1)).not.toBeInstanceOf(HvqlError);
    });

    it('never changes a reading that has been returned', async () => {
      const names = await everything();
      const held = await readAll(source, names);
      const before = held.map(numbersOf);
      goOn();
      const after = await readAll(source, [hypervisorName, { object: 'LOGICAL_PROCESSOR', index: 0 }]);
      await source.close();
      expect(held.map(numbersOf)).toEqual(before);
      expect(before).not.toContainEqual(after.map(numbersOf)[1]);
    });

    it('never returns an earlier time than before', async () => {
      let last = (await source.read([], never)).at;
      for (let n = 0; n < 5; n++) {
        const { at } = await source.read([hypervisorName], never);
        expect(at.monotonicNanoseconds).toBeGreaterThanOrEqual(last.monotonicNanoseconds);
        last = at;
        goOn();
      }
    });

    it('rejects with the reason of an aborted signal', async () => {
      const reason = new Error('the caller has gone');
      const aborted = AbortSignal.abort(reason);
      await expect(source.topology(aborted)).rejects.toBe(reason);
      await expect(source.read([hypervisorName], aborted)).rejects.toBe(reason);
      await expect(source.read([], aborted)).rejects.toBe(reason);
    });

    it('serves concurrent reads, each completely', async () => {
      const names = await everything();
      const all = await Promise.all(Array.from({ length: 8 }, () => readAll(source, names)));
      const [first] = all;
      for (const found of all) expect(found.map(numbersOf)).toEqual(first?.map(numbersOf));
    });

    it('reads the numbers of the pages, if it has pages', async () => {
      const names = await everything();
      for (const { name, reading } of await readAll(source, names)) {
        if (reading.page === null) continue;
        expect(reading.page.bytes.byteLength).toBe(4096);
        const groups = reading.page.groups().filter(({ isKnown }) => isKnown);
        for (const counter of countersOf(name.object)) {
          const { index, release, statisticsGroup } = counter;
          const group = groups.find(({ type }) => type === statisticsGroup.id);
          const isThere = index !== null && (release === 2013 || (group?.versionMinor ?? 0) > 0);
          expect(reading.value(counter)).toBe(isThere ? group?.values[index - 1] : undefined);
        }
      }
    });

    it('may be closed more than once', async () => {
      await source.close();
      await source.close();
    });
  });
}

/** The source, called synchronously where it can answer so, and asynchronously otherwise. */
function askedSync(source: Source): Source {
  const { sync } = source;
  if (sync === undefined) return source;
  return {
    kind: source.kind,
    description: source.description,
    async topology(signal, lists) {
      signal.throwIfAborted();
      return sync.topology(lists) ?? source.topology(signal, lists);
    },
    async read(objects, signal) {
      signal.throwIfAborted();
      return sync.read(objects) ?? source.read(objects, signal);
    },
    close: () => source.close(),
  };
}

/** A reading, and what it is of. */
interface Found {
  readonly name: ObjectName;
  readonly reading: Reading;
}

async function readAll(source: Source, names: readonly ObjectName[]): Promise<Found[]> {
  const { outcomes } = await source.read(names, never);
  expect(outcomes).toHaveLength(names.length);
  return names.map((name, n) => {
    const reading = outcomes[n];
    if (reading === undefined || reading instanceof HvqlError) throw reading ?? new Error('no outcome');
    return { name, reading };
  });
}

/** Every counter that the object can have, with undefined for those that its reading does not carry. */
function numbersOf({ name, reading }: Found): readonly (bigint | undefined)[] {
  return countersOf(name.object).map((counter) => reading.value(counter));
}

function expectAscending(numbers: readonly (number | bigint)[]): void {
  const sorted = [...new Set(numbers)].sort((a, b) => (a < b ? -1 : 1));
  expect(numbers).toEqual(sorted);
}

/** When objects were found absent: earlier readings belong to a previous lifetime of the object. */
import { HvqlError } from '../../errors.ts';
import { areaOf, objectKey, readingKey, type ObjectName } from '../../snapshot/object-name.ts';
import type { Readings } from '../../snapshot/reading.ts';
import type { PartitionEntry, Topology } from '../../snapshot/topology.ts';

/** Absent objects, as plain data for other processes. */
export interface AbsenceReport {
  /** Keys of objects, from `objectKey`. */
  readonly objects: readonly string[];
  /** Ids of partitions that are absent with all their virtual processors. */
  readonly partitions: readonly string[];
  /** Whether there were too many to list. Then all earlier readings are invalid. */
  readonly everything: boolean;
}

/** When there are more remembered absences, the oldest one applies to all objects: earlier readings are dropped. */
const maxRemembered = 100_000;
/** A report that would list more says `everything`. */
const maxReported = 1_000;

/**
 * Absences are numbered in the order in which they are found. A reading has the number of the last absence before
 * it began. It is valid until an absence with a higher number concerns its object. These are
 * numbers instead of times, because captures have their own clock and readings overlap.
 */
export class Absences {
  readonly #onAbsence: (report: AbsenceReport) => void;
  #count = 0;
  /** The number of the latest absence by the object's key, for both areas, oldest first. */
  readonly #objects = new Map<string, number>();
  /** The same for partitions with their virtual processors. */
  readonly #partitions = new Map<string, number>();
  /** The number up to which every object counts as absent. */
  #everything = 0;
  #topology: Topology | null = null;
  readonly #known = new Map<bigint, KnownPartition>();
  #logicalProcessors: readonly number[] = [];

  /** `onAbsence` is called with each absence that this process finds itself. */
  constructor(onAbsence: (report: AbsenceReport) => void = () => undefined) {
    this.#onAbsence = onAbsence;
  }

  /** The number of the last absence, for a reading that begins now. */
  get count(): number {
    return this.#count;
  }

  /** Whether a reading of the object with this number belongs to the object's current lifetime. */
  isOngoing(object: ObjectName, absencesBefore: number): boolean {
    // The usual case: nothing has been absent since.
    if (absencesBefore === this.#count) return true;
    if (absencesBefore < this.#everything) return false;
    if ((this.#objects.get(keyOf(object)) ?? 0) > absencesBefore) return false;
    if (!('partitionId' in object)) return true;
    return (this.#partitions.get(object.partitionId.toString()) ?? 0) <= absencesBefore;
  }

  /** Records the requested objects that do not exist. A page that cannot be decoded exists. */
  noteReadings(objects: readonly ObjectName[], { outcomes }: Pick<Readings, 'outcomes'>): void {
    let absent: string[] | null = null;
    for (let n = 0; n < objects.length; n += 1) {
      const outcome = outcomes[n];
      if (!(outcome instanceof HvqlError) || outcome.code !== 'PAGE_UNAVAILABLE') continue;
      const object = objects[n];
      if (object !== undefined) (absent ??= []).push(keyOf(object));
    }
    if (absent !== null) this.#noteOwn({ objects: absent, partitions: [] });
  }

  /**
   * Records what the topology no longer lists. A partition with another parent begins a new lifetime, and with another root
   * partition all objects do. A list that could not be read is ignored.
   */
  noteTopology(topology: Topology): void {
    // Sources give the same object while nothing changes.
    if (topology === this.#topology) return;
    const isOtherRoot = this.#topology !== null && rootOf(this.#topology) !== rootOf(topology);
    this.#topology = topology;
    const objects: string[] = [];
    const partitions: string[] = [];
    if (topology.listError === undefined) {
      const missing = missingFrom(topology.logicalProcessors, this.#logicalProcessors);
      for (const index of missing) objects.push(objectKey({ object: 'LOGICAL_PROCESSOR', index }));
      this.#logicalProcessors = topology.logicalProcessors;
    }
    for (const [id, known] of this.#known) {
      const entry = topology.partition(id);
      if (entry?.parent === known.parent) continue;
      partitions.push(id.toString());
      this.#known.delete(id);
    }
    for (const entry of topology.partitions) this.#compare(entry, objects);
    if (objects.length > 0 || partitions.length > 0) this.#noteOwn({ objects, partitions });
    if (isOtherRoot) this.forgetAll();
  }

  /** Records what another process has found. */
  noteReport({ objects, partitions, everything }: AbsenceReport): void {
    if (everything) {
      this.forgetAll();
      return;
    }
    const number = (this.#count += 1);
    for (const key of objects) this.#remember(this.#objects, { key, number });
    for (const key of partitions) this.#remember(this.#partitions, { key, number });
  }

  /** Invalidates all earlier readings. */
  forgetAll(): void {
    this.#everything = this.#count += 1;
    this.#objects.clear();
    this.#partitions.clear();
  }

  #noteOwn({ objects, partitions }: Omit<AbsenceReport, 'everything'>): void {
    this.noteReport({ objects, partitions, everything: false });
    const everything = objects.length + partitions.length > maxReported;
    this.#onAbsence(
      everything ? { objects: [], partitions: [], everything } : { objects, partitions, everything },
    );
  }

  /** Adds the virtual processors that the entry no longer lists to `absent`. */
  #compare({ id, parent, virtualProcessors, listError }: PartitionEntry, absent: string[]): void {
    const known = this.#known.get(id);
    if (known === undefined) {
      this.#known.set(id, { parent, virtualProcessors });
      return;
    }
    if (listError !== undefined) return;
    for (const index of missingFrom(virtualProcessors, known.virtualProcessors))
      absent.push(objectKey({ object: 'VIRTUAL_PROCESSOR', partitionId: id, index }));
    known.virtualProcessors = virtualProcessors;
  }

  #remember(absences: Map<string, number>, { key, number }: { key: string; number: number }): void {
    // Inserted at the end, so that the first one is the oldest.
    absences.delete(key);
    absences.set(key, number);
    if (absences.size <= maxRemembered) return;
    const [oldest] = absences;
    if (oldest === undefined) return;
    absences.delete(oldest[0]);
    this.#everything = Math.max(this.#everything, oldest[1]);
  }
}

interface KnownPartition {
  readonly parent: bigint | null;
  virtualProcessors: readonly number[];
}

/** Both areas of an object are absent together, and its unlisted counters with it. */
function keyOf(object: ObjectName): string {
  return areaOf(object) === 'SELF' || object.unlisted === true ? objectKey(object) : readingKey(object);
}

function rootOf({ partitions }: Topology): bigint | null {
  return partitions.find(({ parent }) => parent === null)?.id ?? null;
}

/** The items of `before` that the list lacks. */
function missingFrom(list: readonly number[], before: readonly number[]): readonly number[] {
  if (list === before || before.length === 0) return [];
  const listed = new Set(list);
  return before.filter((index) => !listed.has(index));
}

/** The topology and the readings in a sample. */
import { HvqlError } from '../../errors.ts';
import { describeObject, objectKey, type ObjectName } from '../../snapshot/object-name.ts';
import type { Reading } from '../../snapshot/reading.ts';
import { topologyOf, type PartitionEntry, type Topology } from '../../snapshot/topology.ts';
import { instanceReading } from './instance-reading.ts';
import { logicalProcessorOf, rootProcessorOf, totalInstance, rootPartitionId } from './instance-name.ts';
import { machinesIn, type Machine } from './machine.ts';
import { nameIn, type InstanceTable, type Row, type Sample } from './sample.ts';
import { classOf, performanceClasses, type PerformanceClass } from './wanted-class.ts';

/** The root partition as Windows names it. */
const rootName = 'Root';

/** A sample as objects of the hypervisor; each part is computed on first use. */
export class HostSample {
  readonly #tables: Sample['tables'];
  readonly #indexes = new Map<PerformanceClass, ReadonlyMap<number, Row>>();
  #machines: ReadonlyMap<bigint, Machine> | undefined;

  constructor(sample: Sample) {
    this.#tables = sample.tables;
  }

  /** The topology, from a sample of `wantedForTopology`. Throws PAGE_UNAVAILABLE if partitions cannot be listed. */
  topology(): Topology {
    const machines = [...this.#machinesById().values()].map(({ id, name, processors }): PartitionEntry => ({
      id,
      parent: rootPartitionId,
      name,
      ...this.#listed(performanceClasses.virtualProcessor, () => processors),
    }));
    const ofRoot = performanceClasses.rootVirtualProcessor;
    const root: PartitionEntry = {
      id: rootPartitionId,
      parent: null,
      name: rootName,
      ...this.#listed(ofRoot, () => this.#byIndex(ofRoot, rootProcessorOf)),
    };
    const ofLogical = performanceClasses.logicalProcessor;
    const logical = this.#listed(ofLogical, () => this.#byIndex(ofLogical, logicalProcessorOf));
    return topologyOf(logical.listError ?? logical.virtualProcessors, [root, ...machines]);
  }

  /** The reading of an object, or the error in its place. Its class was requested. */
  read(name: ObjectName): Reading | HvqlError {
    try {
      const table = this.#table(classOf(name));
      const row = this.#row(name);
      if (row instanceof HvqlError) return row;
      return row === undefined ? absent(name) : instanceReading(table, { row, name });
    } catch (thrown) {
      if (thrown instanceof HvqlError) return thrown;
      throw thrown;
    }
  }

  #row(name: ObjectName): Row | HvqlError | undefined {
    switch (name.object) {
      case 'HYPERVISOR':
        return this.#onlyRow(performanceClasses.hypervisor);
      case 'LOGICAL_PROCESSOR':
        return this.#byIndex(performanceClasses.logicalProcessor, logicalProcessorOf).get(name.index);
      case 'PARTITION':
        if (name.partitionId === rootPartitionId) return this.#onlyRow(performanceClasses.rootPartition);
        return this.#machinesById().get(name.partitionId)?.row;
      case 'VIRTUAL_PROCESSOR': {
        if (name.partitionId === rootPartitionId)
          return this.#byIndex(performanceClasses.rootVirtualProcessor, rootProcessorOf).get(name.index);
        const processors = this.#machinesById().get(name.partitionId)?.processors;
        return processors instanceof HvqlError ? processors : processors?.get(name.index);
      }
    }
  }

  /** The table of a class. Throws PAGE_UNAVAILABLE if the class could not be read. */
  #table(title: PerformanceClass): InstanceTable {
    const table = this.#tables.get(title);
    if (typeof table === 'object') return table;
    throw new HvqlError(
      'PAGE_UNAVAILABLE',
      `Windows could not read the performance class ${title}.`,
      { class: title },
      // The message may name objects that not every client may read.
      { cause: new Error(table ?? 'It was not asked for.') },
    );
  }

  /** The only instance of a class besides the sum; for the hypervisor there may be only the sum. */
  #onlyRow(title: PerformanceClass): Row | undefined {
    const table = this.#table(title);
    return table.rows.find((row) => nameIn(table, row) !== totalInstance) ?? table.rows[0];
  }

  /** The instances of a class by their index. */
  #byIndex(title: PerformanceClass, indexOf: (instance: string) => number | null): ReadonlyMap<number, Row> {
    const known = this.#indexes.get(title);
    if (known !== undefined) return known;
    const table = this.#table(title);
    const rows = new Map<number, Row>();
    for (const row of table.rows) {
      const index = indexOf(nameIn(table, row));
      if (index !== null) rows.set(index, row);
    }
    this.#indexes.set(title, rows);
    return rows;
  }

  #machinesById(): ReadonlyMap<bigint, Machine> {
    const processors = this.#tables.get(performanceClasses.virtualProcessor);
    return (this.#machines ??= new Map(
      machinesIn(
        this.#table(performanceClasses.partition),
        typeof processors === 'object' ? processors : undefined,
      ).map((machine) => [machine.id, machine]),
    ));
  }

  /** The indexes of a list, or the error if its class could not be read. */
  #listed(
    title: PerformanceClass,
    list: () => ReadonlyMap<number, Row> | HvqlError,
  ): Pick<PartitionEntry, 'virtualProcessors' | 'listError'> {
    try {
      this.#table(title);
      const found = list();
      if (found instanceof HvqlError) return { virtualProcessors: [], listError: found };
      return { virtualProcessors: [...found.keys()].sort((a, b) => a - b) };
    } catch (thrown) {
      if (thrown instanceof HvqlError) return { virtualProcessors: [], listError: thrown };
      throw thrown;
    }
  }
}

function absent(name: ObjectName): HvqlError {
  const place = objectKey(name);
  return new HvqlError(
    'PAGE_UNAVAILABLE',
    `${place} is gone: Windows has no instance of ${describeObject(name)} now.`,
    { object: place },
  );
}

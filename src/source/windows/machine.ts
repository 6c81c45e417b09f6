/** The virtual machines in a sample. */
import { HvqlError } from '../../errors.ts';
import { machineOf, machineProcessorOf, partitionIdOf } from './instance-name.ts';
import { tellApart } from './namesake.ts';
import { cellOf, nameIn, type InstanceTable, type Row } from './sample.ts';
import { processorCount } from './wanted-class.ts';

/** A virtual machine: a partition created by the root. */
export interface Machine {
  readonly id: bigint;
  readonly name: string;
  /** Its instance among the partitions. */
  readonly row: Row;
  /** The instances of its virtual processors by index; an error if they cannot be distinguished from those of a namesake. */
  readonly processors: ReadonlyMap<number, Row> | HvqlError;
}

/** An instance, with its index if it has one. */
interface Instance {
  readonly row: Row;
  readonly index: number;
}

/**
 * The virtual machines that have a partition. Leaves out virtual processors whose partition has just gone or has not
 * appeared yet.
 */
export function machinesIn(
  partitions: InstanceTable,
  virtualProcessors: InstanceTable | undefined,
): readonly Machine[] {
  const partitionRows = byMachine(partitions, (instance) => {
    const machine = machineOf(instance);
    return machine === null ? null : { machine, index: 0 };
  });
  const processorRows = virtualProcessors && byMachine(virtualProcessors, machineProcessorOf);
  return [...partitionRows].flatMap(([name, instances]) => {
    const rows = instances.map(({ row }) => row);
    const counts = rows.map((row) => countIn(partitions, row));
    const processors = processorsOf(processorRows?.get(name) ?? [], counts);
    const namesakes = rows.length;
    return rows.map((row, place): Machine => {
      const id = partitionIdOf({ name, place, namesakes });
      return { id, name, row, processors: processors?.[place] ?? inseparable(id, namesakes) };
    });
  });
}

function byMachine(
  table: InstanceTable,
  read: (instance: string) => { readonly machine: string; readonly index: number } | null,
): Map<string, Instance[]> {
  const found = new Map<string, Instance[]>();
  for (const row of table.rows) {
    const { machine, index } = read(nameIn(table, row)) ?? {};
    if (machine === undefined || index === undefined) continue;
    const instances = found.get(machine);
    if (instances === undefined) found.set(machine, [{ row, index }]);
    else instances.push({ row, index });
  }
  return found;
}

function countIn(partitions: InstanceTable, row: Row): number | null {
  const text = cellOf(partitions.columns, { row, property: processorCount });
  return text === undefined ? null : Number(text);
}

/** The virtual processors of each machine of a name; null if they cannot be distinguished. */
function processorsOf(
  instances: readonly Instance[],
  counts: readonly (number | null)[],
): readonly ReadonlyMap<number, Row>[] | null {
  const groups = tellApart({ indexes: instances.map(({ index }) => index), counts });
  return (
    groups?.map(
      (positions) =>
        new Map(
          positions.flatMap((position) => {
            const instance = instances[position];
            return instance === undefined ? [] : [[instance.index, instance.row] as const];
          }),
        ),
    ) ?? null
  );
}

function inseparable(id: bigint, namesakes: number): HvqlError {
  return new HvqlError(
    'PAGE_UNAVAILABLE',
    `The virtual processors of partition ${id} cannot be distinguished from others: Windows lists them by the virtual ` +
      `machine's name, and what it lists does not fit ${namesakes === 1 ? 'one of that name' : `${namesakes} of that name`}.`,
    { namesakes },
  );
}

/** Names of instances in the raw performance classes. */
import { createHash } from 'node:crypto';

/** The instance of every class that is the sum of the others. */
export const totalInstance = '_Total';

/** The largest Int of GraphQL. */
const maxIndex = 0x7fff_ffff;

/** A virtual processor of a virtual machine. */
export interface MachineProcessor {
  readonly machine: string;
  readonly index: number;
}

/** The index in "Hv LP 3"; null for other texts. */
export function logicalProcessorOf(instance: string): number | null {
  return indexOf(/^Hv LP (\d{1,10})$/.exec(instance)?.[1]);
}

/** The index in "Root VP 3"; null for other texts. */
export function rootProcessorOf(instance: string): number | null {
  return indexOf(/^Root VP (\d{1,10})$/.exec(instance)?.[1]);
}

/**
 * The virtual machine in "web:hvpt"; null for other texts. Its name may hold colons, so the last one counts; a "#1"
 * at the end is how some readers of performance counters tell instances of one name apart, and is no part of it.
 */
export function machineOf(instance: string): string | null {
  return /^(.+):hvpt(?:#\d+)?$/s.exec(instance)?.[1] ?? null;
}

/** The virtual machine and the index in "web:Hv VP 0"; null for other texts. */
export function machineProcessorOf(instance: string): MachineProcessor | null {
  const [, machine, digits] = /^(.+):Hv VP (\d{1,10})(?:#\d+)?$/s.exec(instance) ?? [];
  const index = indexOf(digits);
  return machine === undefined || index === null ? null : { machine, index };
}

function indexOf(digits: string | undefined): number | null {
  if (digits === undefined) return null;
  const index = Number(digits);
  return index <= maxIndex ? index : null;
}

/** The root partition's id, as on every host. */
export const rootPartitionId = 1n;

/** Bytes of the hash in an id: at most 15 digits, and two of 1,000 names get one id once in 500 million hosts. */
const idBytes = 6;

/** A virtual machine among those that have its name. */
export interface NamedMachine {
  readonly name: string;
  /** Its place among the instances of that name, from 0. */
  readonly place: number;
  /** How many have that name. */
  readonly namesakes: number;
}

/**
 * The id of its partition, derived from its name. It survives restarts of the service, the virtual machine and the
 * host, so that tokens stay valid, and changes if the virtual machine is renamed. Virtual machines with the same name cannot
 * be distinguished reliably, so their ids are derived from the name, the position and their number: a caller who may read
 * the only "web" may read neither of two, and no caller reads the numbers of another one after one has gone.
 */
export function partitionIdOf({ name, place, namesakes }: NamedMachine): bigint {
  // Names hold no NUL.
  const identity = namesakes === 1 ? name : `${name}\0${place}\0${namesakes}`;
  const hash = createHash('sha256').update(`hvql windows partition\0${identity}`).digest();
  const id = BigInt(hash.readUIntBE(0, idBytes));
  // 0 is not a valid id, and 1 is the root's.
  return id <= rootPartitionId ? id + 2n : id;
}

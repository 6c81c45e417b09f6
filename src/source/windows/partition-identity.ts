/** Partition ids for a place that has none: Windows counts virtual machines by their names. */
import { createHash } from 'node:crypto';

/** The root partition's id, as on every host. */
export const rootPartitionId = 1n;

/** So many bytes of the hash: 15 digits at the most, and two of 1,000 names alike once in 500 million hosts. */
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
 * Its partition's id, made from its name: the same after a restart of the service, of the virtual machine and of the
 * host, so that tokens stay good; another one where it is renamed. Of several with one name nobody can say for long
 * which is which, so theirs are made from the name, the place and how many there are: who may read the only "web" may
 * read none of two, and nobody comes to read another's numbers because one has gone.
 */
export function partitionIdOf({ name, place, namesakes }: NamedMachine): bigint {
  // Names hold no NUL.
  const identity = namesakes === 1 ? name : `${name}\0${place}\0${namesakes}`;
  const hash = createHash('sha256').update(`hvql windows partition\0${identity}`).digest();
  const id = BigInt(hash.readUIntBE(0, idBytes));
  // 0 is no id and 1 is the root's.
  return id <= rootPartitionId ? id + 2n : id;
}

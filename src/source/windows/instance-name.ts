/** Names of instances in the raw performance classes. */

/** In every class the instance that is the sum of the others. */
export const totalInstance = '_Total';

/** What GraphQL's Int holds. */
const maxIndex = 0x7fff_ffff;

/** A virtual processor of a virtual machine. */
export interface MachineProcessor {
  readonly machine: string;
  readonly index: number;
}

/** The index in "Hv LP 3"; null for what is none. */
export function logicalProcessorOf(instance: string): number | null {
  return indexOf(/^Hv LP (\d{1,10})$/.exec(instance)?.[1]);
}

/** The index in "Root VP 3"; null for what is none. */
export function rootProcessorOf(instance: string): number | null {
  return indexOf(/^Root VP (\d{1,10})$/.exec(instance)?.[1]);
}

/**
 * The virtual machine in "web:hvpt"; null for what is none. Its name may hold colons, so the last one counts; a "#1"
 * at the end is how some readers of performance counters tell instances of one name apart, and is no part of it.
 */
export function machineOf(instance: string): string | null {
  return /^(.+):hvpt(?:#\d+)?$/s.exec(instance)?.[1] ?? null;
}

/** The virtual machine and the index in "web:Hv VP 0"; null for what is none. */
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

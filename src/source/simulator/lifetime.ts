/** A simulated partition from its creation to its end. */
import { mix, pick } from './random.ts';

/** What is fixed when a partition is created. Seconds count from the hypervisor's boot. */
export interface Lifetime {
  readonly id: number;
  /** null for the root. */
  readonly parent: number | null;
  /** Unique: no later partition has the same id. */
  readonly name: string;
  readonly role: Role;
  /** The seed of all its random numbers. */
  readonly seed: number;
  readonly bornAtSecond: number;
  /** The first second in which it no longer exists; Infinity for the root and partition 2. */
  readonly stopsAtSecond: number;
  /** The number of pages of its guest physical memory; 0 for the root. */
  readonly memoryInPages: number;
}

/** The partition from which all others descend. */
const rootId = 1;
/** A guest that never stops, so that a token for it stays valid. */
const steadyGuestId = 2;

const lifetimeInSeconds = { from: 180, to: 720 };
const memoryInSteps = { from: 2, to: 32 };
const pagesPerStep = 131_072; // 512 MiB of 4 KiB pages

/** Creates the partition with this id. */
export function startLifetime(start: {
  readonly seed: number;
  readonly id: number;
  readonly second: number;
  readonly isNested: boolean;
}): Lifetime {
  const { id, second } = start;
  const seed = mix(start.seed, id);
  if (id === rootId) {
    return {
      id,
      parent: null,
      name: rootRole.name,
      role: rootRole,
      seed,
      bornAtSecond: second,
      stopsAtSecond: Infinity,
      memoryInPages: 0,
    };
  }
  const role = guestRoles[(id - steadyGuestId) % guestRoles.length] ?? guestRoles[0];
  return {
    id,
    parent: start.isNested ? steadyGuestId : rootId,
    name: `${role.name}-${id - 1}`,
    role,
    seed,
    bornAtSecond: second,
    stopsAtSecond: id === steadyGuestId ? Infinity : second + pick(mix(seed, 1), lifetimeInSeconds),
    memoryInPages: pick(mix(seed, 2), memoryInSteps) * pagesPerStep,
  };
}

/** The role of a partition: how much it works while active, and how much of that is input and output. */
export interface Role {
  /** The beginning of its name: "web" gives "web-1". */
  readonly name: string;
  /** Scales the processor time that its virtual processors request while active; 1 requests all of it. */
  readonly appetite: number;
  /** The share of input and output in its guest time; the rest is computation. */
  readonly ioShare: number;
}

/** The root partition serves the devices of all others. */
export const rootRole: Role = { name: 'root', appetite: 0.35, ioShare: 0.6 };

/** The roles of guests, assigned in turn by id. */
export const guestRoles: readonly [Role, ...Role[]] = [
  { name: 'web', appetite: 0.8, ioShare: 0.35 },
  { name: 'db', appetite: 0.95, ioShare: 0.5 },
  { name: 'build', appetite: 1, ioShare: 0.15 },
  { name: 'cache', appetite: 0.5, ioShare: 0.45 },
  { name: 'batch', appetite: 0.9, ioShare: 0.08 },
];

/** One partition from its creation to its end. */
import { mix, pick } from './random.ts';

/** What is certain about a partition from the moment of its creation. Seconds count from the hypervisor's boot. */
export interface Lifetime {
  readonly id: number;
  /** null for the root. */
  readonly parent: number | null;
  /** No other partition ever has it. */
  readonly name: string;
  readonly role: Role;
  /** Seed of all its random numbers. */
  readonly seed: number;
  readonly bornAtSecond: number;
  /** The first second in which it is no more; Infinity for the root and partition 2. */
  readonly stopsAtSecond: number;
  /** Pages of its guest physical memory; 0 for the root. */
  readonly memoryInPages: number;
}

/** The partition that every other descends from. */
const rootId = 1;
/** One guest to rely on: a token for it stays good. */
const steadyGuestId = 2;

const lifetimeInSeconds = { from: 180, to: 720 };
const memoryInSteps = { from: 2, to: 32 };
const pagesPerStep = 131_072; // 512 MiB of 4 KiB pages

/** Creates the partition of this id. */
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

/** A sort of partition: how much it works when it works, and how much of that is input and output. */
export interface Role {
  /** What names start with: "web" gives "web-1". */
  readonly name: string;
  /** Scales what its virtual processors want when it is active; 1 wants all there is. */
  readonly appetite: number;
  /** How much of its guest time is input and output; the rest is computing. */
  readonly ioShare: number;
}

/** The root partition serves the devices of the others. */
export const rootRole: Role = { name: 'root', appetite: 0.35, ioShare: 0.6 };

/** The roles of guests, which take turns by id. */
export const guestRoles: readonly [Role, ...Role[]] = [
  { name: 'web', appetite: 0.8, ioShare: 0.35 },
  { name: 'db', appetite: 0.95, ioShare: 0.5 },
  { name: 'build', appetite: 1, ioShare: 0.15 },
  { name: 'cache', appetite: 0.5, ioShare: 0.45 },
  { name: 'batch', appetite: 0.9, ioShare: 0.08 },
];

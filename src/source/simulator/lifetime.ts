/** One partition from its creation to its end. */
import { mix, pick } from './random.ts';
import { guestRoles, rootRole, type Role } from './role.ts';

/** What is certain about a partition from the moment of its creation. Seconds count from the hypervisor's boot. */
export interface Lifetime {
  readonly id: number;
  /** null for the root. */
  readonly parent: number | null;
  /** No other partition ever has it. */
  readonly name: string;
  readonly role: Role;
  /** Where all its chances come from. */
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

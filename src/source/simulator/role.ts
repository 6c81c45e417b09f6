/** What partitions are for, as far as their load shows it. */

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

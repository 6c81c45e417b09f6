/** The caller, created only from a verified identity. The topology determines whether it is root. */

export const allPrivileges = ['ACCESS_STATS', 'ACCESS_STATS_MSR'] as const;
/**
 * Bits of a partition's privilege mask (TLFS 2.0a 21.3): ACCESS_STATS to read pages as root or parent,
 * ACCESS_STATS_MSR to read its own.
 */
export type Privilege = (typeof allPrivileges)[number];

/** A caller is a partition with privileges. */
export interface Caller {
  /** "root" is the root partition of the host that the request is for; its id may differ between hosts. */
  readonly partitionId: bigint | 'root';
  readonly privileges: ReadonlySet<Privilege>;
}

/** A caller whose partition is known. */
export interface LocalCaller extends Caller {
  readonly partitionId: bigint;
}

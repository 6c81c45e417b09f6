/** The caller, made from a verified identity only. The topology decides whether it is root. */

export const allPrivileges = ['ACCESS_STATS', 'ACCESS_STATS_MSR'] as const;
/**
 * Bits of a partition's privilege mask (TLFS 2.0a 21.3): ACCESS_STATS to read pages as root or parent,
 * ACCESS_STATS_MSR to read its own.
 */
export type Privilege = (typeof allPrivileges)[number];

/** A caller is a partition with privileges. */
export interface Caller {
  /** "root" is the partition that is the root where the caller asks: on another host it may have another id. */
  readonly partitionId: bigint | 'root';
  readonly privileges: ReadonlySet<Privilege>;
}

/** A caller whose partition is known. */
export interface LocalCaller extends Caller {
  readonly partitionId: bigint;
}

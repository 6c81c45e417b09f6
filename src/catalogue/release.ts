/** Releases of the hypervisor that the catalogue tells apart. */

/** That of the public page, by its date, and the newest that the Linux driver knows. */
export const releases = [2013, 2026] as const;
export type Release = (typeof releases)[number];

/**
 * Minor version of the groups of each release. That a newer release appends counters and has a higher one is documented
 * (MSDN 2013, Statistics Group Compatibility); which one is not, so any above 0 is taken for the newest.
 */
export const versionMinorOf: Readonly<Record<Release, number>> = { 2013: 0, 2026: 1 };

/** The newest release whose counters a group of this minor version carries as far as it is long enough. */
export function releaseOfVersion(versionMinor: number): Release {
  return versionMinor < versionMinorOf[2026] ? 2013 : 2026;
}

/**
 * The numbers of the overlay page format (TLFS 2.0a 21.1.3; header layout: WDK 7.1 hvgdk.h). All little-endian:
 * a page is packed groups, a group is an 8-byte header (type u16, minor u16, major u16, length u16) and its counters.
 */
export const pageSizeInBytes = 4096;
export const headerSizeInBytes = 8;
export const counterSizeInBytes = 8;

/** Offsets of the fields of a group header. */
export const headerField = { type: 0, versionMinor: 2, versionMajor: 4, lengthInBytes: 6 } as const;

/** Type of the header that ends the list; its other fields are 0. */
export const endOfList = 0;
/** Type of the header that ends this page; its other fields are 0. */
export const endOfPage = 1;

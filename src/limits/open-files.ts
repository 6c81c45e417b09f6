/** The share of the file descriptors of a process that connections may use. */

/** The most files that sources keep open, and some more. */
const reserved = { mshv: 4_608, pages: 2_304, others: 256 };

/**
 * The number of connections that leaves enough files for the source, the log and refused connections, so that a reading
 * never fails with EMFILE.
 */
export function connectionsWithin(openFiles: number, source: string): number {
  const kind = /^(?:mshv|pages)(?=:|$)/.exec(source)?.[0] as keyof typeof reserved | undefined;
  return openFiles - Math.min(reserved[kind ?? 'others'], Math.ceil(openFiles / 2));
}

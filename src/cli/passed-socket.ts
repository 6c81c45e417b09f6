/** The socket that systemd listens on and passes to the program (sd_listen_fds(3)). */
import { UsageError } from '../errors.ts';

/** SD_LISTEN_FDS_START: passed descriptors come after standard input, output and error. */
const firstDescriptor = 3;

/**
 * The descriptor of the socket that was passed to the process with this id; null without one. Throws a UsageError for
 * several sockets, because their purpose is not known.
 */
export function passedSocket(
  env: Readonly<Record<string, string | undefined>>,
  processId: number,
): number | null {
  // Child processes inherit the variables, but not the descriptors.
  if (env['LISTEN_PID'] !== String(processId)) return null;
  const count = env['LISTEN_FDS'] ?? '0';
  if (count === '0') return null;
  if (count === '1') return firstDescriptor;
  throw new UsageError([`systemd passed ${count} sockets (LISTEN_FDS), but only one is supported.`]);
}

/** Whether a UNIX socket's file is more than a file. */
import { connect } from 'node:net';

/** The kernel answers at once; who takes longer is there at any rate. */
const patienceMilliseconds = 1_000;

const goneCodes: readonly (string | undefined)[] = ['ECONNREFUSED', 'ENOENT'];
/** So many wait to be let in that there is no room for more; or it is a socket of another kind. */
const busyCodes: readonly (string | undefined)[] = ['EAGAIN', 'EPROTOTYPE'];

/**
 * Whether somebody listens on a socket file; false for one whose program has gone without removing it. Rejects where
 * that cannot be told.
 */
export function isSomebodyListening(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    const tell = (isListening: boolean): void => {
      socket.destroy();
      resolve(isListening);
    };
    socket.setTimeout(patienceMilliseconds, () => tell(true));
    socket.once('connect', () => tell(true));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (goneCodes.includes(error.code)) tell(false);
      else if (busyCodes.includes(error.code)) tell(true);
      else reject(error);
    });
  });
}

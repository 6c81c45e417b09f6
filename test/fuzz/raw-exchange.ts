/** Bytes sent to a service, and all that it returns until the connection is closed. */
import { connect } from 'node:net';

/** How long a connection may stay open after its client has half-closed it. */
const responseLimitMilliseconds = 10_000;
/**
 * The silence after which a client is done that does not know what it is waiting for: as many ticks of a timer. While a
 * busy machine pauses this process, and the service in it, the timer does not tick either.
 */
const quietTicks = 8;
const tickMilliseconds = 5;

/** The bytes to send, and what to wait for. */
export interface RawExchange {
  readonly pieces: readonly Uint8Array[];
  /** Whether everything has been received. */
  readonly isEnough?: (received: Buffer) => boolean;
  /** Whether something comes in any case: then it is waited for. */
  readonly isAnswered?: boolean;
}

/**
 * Sends the pieces, one after the other, and ends its side once it has heard enough, or nothing for a while: a request
 * whose client ends its side is not answered any more. Rejects where the service then does not close its own.
 */
export function exchange(
  port: number,
  { pieces, isEnough, isAnswered = isEnough !== undefined }: RawExchange,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    let received = Buffer.alloc(0);
    const finish = (): void => void socket.end();
    const late = (): void => {
      socket.destroy();
      reject(new Error(`the connection stayed open; so far came ${JSON.stringify(received.toString())}`));
    };
    let quiet = isAnswered ? setTimeout(finish, responseLimitMilliseconds) : afterSilence(finish);
    const limit = setTimeout(late, 2 * responseLimitMilliseconds);
    socket.on('data', (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      clearTimeout(quiet);
      if (isEnough === undefined) quiet = afterSilence(finish);
      else if (isEnough(received)) finish();
    });
    // A service that has closed its side takes no more, and reports an error.
    socket.on('error', () => undefined);
    socket.once('end', () => socket.destroy());
    socket.once('close', () => {
      clearTimeout(quiet);
      clearTimeout(limit);
      resolve(received);
    });
    socket.once('connect', () => writeAll(pieces, (piece) => socket.write(piece)));
  });
}

/** Calls back after the silence; `clearTimeout` ends it. */
function afterSilence(finish: () => void): NodeJS.Timeout {
  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
    if (ticks < quietTicks) return;
    clearInterval(timer);
    finish();
  }, tickMilliseconds);
  return timer;
}

/** Each is sent separately. */
function writeAll(pieces: readonly Uint8Array[], write: (piece: Uint8Array) => void): void {
  const [piece, ...rest] = pieces;
  if (piece === undefined) return;
  write(piece);
  setImmediate(() => writeAll(rest, write));
}

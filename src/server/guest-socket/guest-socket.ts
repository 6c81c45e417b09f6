/** Guest sockets: UNIX sockets whose clients are authenticated as one partition. */
import type { Server } from 'node:http';
import type { Logger } from 'pino';
import { guestAuthenticator, type Authenticator } from '../auth/authenticator.ts';
import { createHttpServer } from '../http/http-server.ts';
import type { OpenListener } from '../server.ts';
import { listenOnFile } from './socket-file.ts';

/** The socket of one partition. */
export interface GuestSocketPlace {
  readonly partitionId: bigint;
  readonly path: string;
}

/** The options that all guest sockets share. */
export interface GuestSocketOptions {
  /** Adds a listener to the service. */
  readonly addListener: (server: Server, authenticate: Authenticator) => OpenListener;
  /** The file mode: users with write permission can connect. */
  readonly mode: number;
  /** `process.platform`. */
  readonly platform: string;
  readonly log: Logger;
}

/** An open guest socket. Its listener closes with the service, but its file has to be removed. */
export interface GuestSocket {
  /** Removes its file, unless another file has replaced it. */
  remove(): Promise<void>;
  /** Removes its file and closes its listener. */
  close(): Promise<void>;
}

/** Opens a guest socket. Rejects with a UsageError, of one problem that names the path. */
export async function openGuestSocket(
  { partitionId, path }: GuestSocketPlace,
  { addListener, log, mode, platform }: GuestSocketOptions,
): Promise<GuestSocket> {
  const server = createHttpServer();
  // Before anyone can connect.
  const listener = addListener(server, guestAuthenticator(partitionId));
  const facts = { partition: partitionId.toString(), path };
  try {
    const file = await listenOnFile(server, { path, mode, platform });
    server.on('error', (error) => log.error({ ...facts, err: error }, 'server error'));
    log.info(facts, 'guest socket open');
    const remove = (): Promise<void> =>
      // A remaining file is stale, and the next service replaces it.
      file.remove().catch((err: unknown) => log.warn({ ...facts, err }, 'guest socket not removed'));
    return {
      remove,
      close: async () => {
        await remove();
        await listener.close();
        log.info(facts, 'guest socket closed');
      },
    };
  } catch (thrown) {
    await listener.close();
    throw thrown;
  }
}

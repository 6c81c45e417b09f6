/** One guest's way in: a UNIX socket, and who comes by it is that partition. */
import type { Server } from 'node:http';
import type { Logger } from 'pino';
import { guestDoorkeeper, type Doorkeeper } from '../auth/doorkeeper.ts';
import type { OpenListener } from '../listeners.ts';
import { createHttpServer } from '../http/http-server.ts';
import { listenOnFile } from './socket-file.ts';

/** Whose socket is where. */
export interface GuestSocketPlace {
  readonly partitionId: bigint;
  readonly path: string;
}

/** What all guest sockets are made with. */
export interface GuestSocketWorld {
  /** Opens a door of the service. */
  readonly openSideDoor: (server: Server, identify: Doorkeeper) => OpenListener;
  /** Who may write to a socket's file may connect. */
  readonly mode: number;
  /** As `process.platform` has it. */
  readonly platform: string;
  readonly log: Logger;
}

/** A guest socket that is open. Its door closes with the service, but its file does not go by itself. */
export interface GuestSocket {
  /** Removes its file, so that nobody new comes; does nothing where another file has taken its place. */
  remove(): Promise<void>;
  /** Removes its file and ends what came in by it, as any door does. */
  close(): Promise<void>;
}

/** Opens a guest socket. Rejects with a UsageError, of one problem that names the path, where there can be none. */
export async function openGuestSocket(
  { partitionId, path }: GuestSocketPlace,
  { openSideDoor, log, mode, platform }: GuestSocketWorld,
): Promise<GuestSocket> {
  const server = createHttpServer();
  // Before anybody can come.
  const door = openSideDoor(server, guestDoorkeeper(partitionId));
  const facts = { partition: partitionId.toString(), path };
  try {
    const file = await listenOnFile(server, { path, mode, platform });
    server.on('error', (error) => log.error({ ...facts, err: error }, 'server error'));
    log.info(facts, 'guest socket open');
    const remove = (): Promise<void> =>
      // It is in the way of nobody: the next one takes it over.
      file.remove().catch((err: unknown) => log.warn({ ...facts, err }, 'guest socket not removed'));
    return {
      remove,
      close: async () => {
        await remove();
        await door.close();
        log.info(facts, 'guest socket closed');
      },
    };
  } catch (thrown) {
    await door.close();
    throw thrown;
  }
}

/** The doors of a service that are open, and the end of one of them or of all. */
import type { Server } from 'node:http';
import { openDoor, type DoorOptions, type House } from './door.ts';

/** A door that is open. */
export interface OpenDoor {
  /**
   * Takes no more requests, completes the streams, lets the answers under way finish and cuts those that take longer
   * than the grace time. May be called more than once.
   */
  close(): Promise<void>;
}

/** Doors to one house. */
export interface Doors {
  /** Opens one on a server, which may listen already or later. Where all are closed already, it is closed at once. */
  open(server: Server, options: DoorOptions): OpenDoor;
  /** Closes all that are open. */
  closeAll(): Promise<void>;
}

/** Doors to a house, each with the same time to end in. */
export function doors(house: House, graceMilliseconds: number): Doors {
  const open = new Set<OpenDoor>();
  let isClosed = false;
  return {
    open: (server, options) => {
      const door = openDoor(server, { house, ...options });
      let ending: Promise<void> | null = null;
      const handle: OpenDoor = {
        close: () => {
          ending ??= door.close(graceMilliseconds).then(() => void open.delete(handle));
          return ending;
        },
      };
      open.add(handle);
      if (isClosed) void handle.close();
      return handle;
    },
    closeAll: async () => {
      isClosed = true;
      await Promise.all([...open].map((door) => door.close()));
    },
  };
}

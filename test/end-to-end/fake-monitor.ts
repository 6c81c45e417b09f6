/** What a virtual machine monitor does with its guest's virtual socket, as Firecracker and Cloud Hypervisor do it. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A monitor that runs, and its guest. */
export interface FakeMonitor {
  /** The guest connects to CID 2 at this port of its virtual socket: a connection, or null where it was refused. */
  connect(port: number): Promise<Socket | null>;
  /** The monitor ends, and removes its own socket. */
  stop(): Promise<void>;
}

/** Starts a monitor with its own socket, `uds_path`, which it listens on for connections to its guest. */
export async function startMonitor(path: string): Promise<FakeMonitor> {
  const own = createServer((socket) => socket.destroy());
  own.listen(path);
  await once(own, 'listening');
  const sockets = new Set<Socket>();
  return {
    connect: async (port) => {
      // The guest knows a port and nothing of paths.
      const upstream = connect(`${path}_${port}`);
      const isOpen = await new Promise<boolean>((resolve) => {
        upstream.once('connect', () => resolve(true));
        upstream.on('error', () => resolve(false));
      });
      if (!isOpen) return null;
      sockets.add(upstream);
      return upstream;
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => own.close(resolve));
    },
  };
}

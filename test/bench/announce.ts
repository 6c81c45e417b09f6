/** How a compared server reports its address. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Listens on any free port and prints one line. The process ends with its parent. */
export function announce(server: Server): void {
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo;
    process.stdout.write(`listening on http://127.0.0.1:${port}/graphql\n`);
  });
  endWithParent();
}

/** Ends this process when the one that forked it exits. */
export function endWithParent(): void {
  process.on('disconnect', () => process.exit());
}

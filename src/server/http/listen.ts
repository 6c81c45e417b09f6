/** A server on an address of this machine, or why it cannot be there. */
import type { AddressInfo, Server } from 'node:net';
import { messageOf, UsageError } from '../../errors.ts';

/** Where to listen. */
export interface ListenAddress {
  /** A name or an address; one of IPv6 in brackets or without. */
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
}

/** Listens, and gives the port. Rejects with a UsageError where the address cannot be had. */
export async function listen(server: Server, { host, port }: ListenAddress): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => reject(explainListenError(error, { host, port }));
    server.once('error', fail);
    server.listen({ host: host.replace(/^\[(.*)\]$/, '$1'), port }, () => {
      server.off('error', fail);
      resolve();
    });
  });
  // A server on TCP has such an address.
  return (server.address() as AddressInfo).port;
}

function explainListenError(error: NodeJS.ErrnoException, address: ListenAddress): UsageError {
  const place = `${address.host} port ${address.port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return new UsageError([
        `${place} is taken by another program: give another --port, or 0 for any free one.`,
      ]);
    case 'EACCES':
      return new UsageError([`${place} may not be used by this user: give a --port above 1023.`]);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new UsageError([`--host ${address.host} is no address of this machine (${error.code}).`]);
    default:
      return new UsageError([`${place} cannot be listened on: ${messageOf(error)}.`]);
  }
}

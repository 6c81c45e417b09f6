/** Two ends of a channel, over a real socket. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** The ends; both are closed once one of them is destroyed. */
export interface Channel {
  readonly owner: Socket;
  readonly client: Socket;
}

/** Connects them. */
export async function openChannel(): Promise<Channel> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [owner] = (await once(server, 'connection')) as [Socket];
  server.close();
  return { owner, client };
}

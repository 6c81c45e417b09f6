/** Counts the connections of a server towards the limits, TLS connections from the start of their handshake. */
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import type { QuotaEntry } from '../../limits/connection-quota.ts';
import type { ServerContext } from '../context.ts';

type EntriesContext = Pick<ServerContext, 'proxies' | 'connectionQuota'>;

/** What a connection counts as. */
export class ConnectionEntry {
  readonly quotaEntry: QuotaEntry;
  /** Whether its requests are counted as connections of their clients, because a trusted proxy forwards them. */
  readonly isProxy: boolean;
  /** Whether the connection below it, over which its TLS runs, has the same entry and leaves it. */
  readonly #isOfHandshake: boolean;

  constructor(
    quotaEntry: QuotaEntry,
    { isProxy, isOfHandshake }: { readonly isProxy: boolean; readonly isOfHandshake: boolean },
  ) {
    this.quotaEntry = quotaEntry;
    this.isProxy = isProxy;
    this.#isOfHandshake = isOfHandshake;
  }

  /** Call it once, when the connection has ended. */
  leave(): void {
    if (!this.#isOfHandshake) this.quotaEntry.leave();
  }
}

/** The entries of the connections of one server. */
export class ConnectionEntries {
  readonly #context: EntriesContext;
  /** TLS connections in a handshake, by peer: Node does not expose which TLS socket belongs to which connection. */
  readonly #handshakes = new Map<string, { readonly socket: Socket; readonly quotaEntry: QuotaEntry }>();

  constructor(server: Server, context: EntriesContext) {
    this.#context = context;
    if (server instanceof TlsServer) {
      server.on('connection', (socket: Socket) => this.#watchHandshake(socket));
      server.on('secureConnection', (socket) => this.#handshakes.delete(peerOf(socket)));
    }
  }

  /** Counts a connection. One over TLS was counted when its handshake began. */
  open(socket: Socket): ConnectionEntry {
    const below = this.#handshakes.get(peerOf(socket))?.quotaEntry;
    const isProxy = this.#context.proxies.isProxy(socket);
    return new ConnectionEntry(below ?? this.#enter(socket), { isProxy, isOfHandshake: below !== undefined });
  }

  /** The entry of a request. If a proxy forwards it, it counts as a connection of its client, otherwise as part of its own. */
  ofRequest(request: IncomingMessage, { quotaEntry, isProxy }: ConnectionEntry): QuotaEntry {
    if (!isProxy || quotaEntry.problem !== null) return quotaEntry;
    const client = this.#context.proxies.clientOf(request);
    return client === null ? quotaEntry : this.#context.connectionQuota.enterAddress(client);
  }

  /** Cuts connections whose TLS handshake is not finished. */
  cutHandshakes(): void {
    for (const { socket } of this.#handshakes.values()) socket.destroy();
  }

  #watchHandshake(socket: Socket): void {
    const peer = peerOf(socket);
    const quotaEntry = this.#enter(socket);
    this.#handshakes.set(peer, { socket, quotaEntry });
    socket.once('close', () => {
      this.#handshakes.delete(peer);
      quotaEntry.leave();
    });
  }

  #enter(socket: Socket): QuotaEntry {
    const { proxies, connectionQuota } = this.#context;
    return connectionQuota.enter(proxies.countedAddress(socket), () => socket.destroy());
  }
}

/** The peer of a connection: equal for a TLS socket and its underlying socket. */
function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress ?? ''} ${remotePort ?? ''}`;
}

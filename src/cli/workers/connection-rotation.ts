/**
 * Decides which workers get new connections. This is a workaround for node:cluster, whose round robin passes connections
 * to workers that do not accept them, loses a connection that is being passed to a worker that exits, and waits
 * indefinitely for a worker that could not receive one.
 */
import type { Worker } from 'node:cluster';

/** The primary's handle of a connection, which Node closes when a worker has received it. */
interface Handle {
  close(): void;
}

/** Node's message for passing a connection; the worker that accepts it replies with `ack: seq`. */
interface NewConnection {
  readonly act: 'newconn';
  readonly seq: number;
}

interface Recipient {
  readonly process: Worker['process'];
  readonly send: (...args: unknown[]) => boolean;
  /** Connections that it has not accepted yet, by sequence number. */
  readonly underWay: Map<number, { readonly message: NewConnection; readonly handle: Handle }>;
  /** The sequence numbers of connections for which it has not acknowledged the handle. */
  readonly unreceived: number[];
  isPaused: boolean;
  hasExited: boolean;
}

/**
 * Redirects connections from a paused worker to the next worker that is not paused. Its reply has the same sequence
 * number, so Node accepts it as the paused worker's (`handoff` in lib/internal/cluster/round_robin_handle.js).
 */
export class ConnectionRotation {
  /** The workers, in the order in which they get the connections of paused ones. */
  readonly #recipients = new Map<Worker, Recipient>();

  /** Adds a newly started worker until it exits. It is paused until it serves. */
  add(worker: Worker): void {
    const child = worker.process;
    const recipient: Recipient = {
      process: child,
      send: child.send.bind(child) as Recipient['send'],
      underWay: new Map(),
      unreceived: [],
      isPaused: true,
      hasExited: false,
    };
    this.#recipients.set(worker, recipient);
    const send = (message: unknown, handle?: unknown, ...rest: unknown[]): boolean =>
      isNewConnection(message) && isHandle(handle)
        ? this.#pass(message, handle, recipient)
        : recipient.send(message, handle, ...rest);
    Object.assign(child, { send });
    child.on('internalMessage', (message: { readonly ack?: number; readonly cmd?: string }) => {
      if (message.ack !== undefined) recipient.underWay.delete(message.ack);
      // Node sends the next handle to a worker after this reply, so replies arrive in the order of the handles.
      if (message.cmd === 'NODE_HANDLE_ACK') recipient.unreceived.shift();
      if (message.cmd === 'NODE_HANDLE_NACK') this.#lose(recipient);
    });
    worker.once('exit', () => this.#remove(worker, recipient));
  }

  /** Passes no new connections to a worker, unless all are paused. */
  pause(worker: Worker): void {
    this.#setPaused(worker, true);
  }

  /** Passes new connections to a worker, including those of paused ones. */
  resume(worker: Worker): void {
    this.#setPaused(worker, false);
  }

  #setPaused(worker: Worker, isPaused: boolean): void {
    const recipient = this.#recipients.get(worker);
    if (recipient !== undefined) recipient.isPaused = isPaused;
  }

  #pass(message: NewConnection, handle: Handle, recipient: Recipient): boolean {
    const target = recipient.isPaused ? (this.#next() ?? recipient) : recipient;
    if (target.hasExited) {
      // No worker remains; the client may reconnect.
      close({ message, handle }, target);
      return false;
    }
    target.underWay.set(message.seq, { message, handle });
    target.unreceived.push(message.seq);
    return target.send(message, handle);
  }

  /** Called if the worker has no file descriptor for a connection. Others may have none either, so it is closed. */
  #lose(recipient: Recipient): void {
    const seq = recipient.unreceived.shift() ?? -1;
    const lost = recipient.underWay.get(seq);
    recipient.underWay.delete(seq);
    if (lost !== undefined) close(lost, recipient);
  }

  /** Redirects the connections that the worker has not accepted. */
  #remove(worker: Worker, recipient: Recipient): void {
    this.#recipients.delete(worker);
    // Node may pass more connections to it until its channel is closed.
    recipient.isPaused = true;
    recipient.hasExited = true;
    for (const { message, handle } of recipient.underWay.values()) this.#pass(message, handle, recipient);
    recipient.underWay.clear();
  }

  /** The next worker that is not paused. */
  #next(): Recipient | undefined {
    for (const [worker, recipient] of this.#recipients) {
      if (recipient.isPaused || !worker.isConnected()) continue;
      this.#recipients.delete(worker);
      this.#recipients.set(worker, recipient);
      return recipient;
    }
    return undefined;
  }
}

/** Closes a connection, and replies in the worker's place: Node passes no more connections to a worker before it replies. */
function close(
  { message, handle }: { readonly message: NewConnection; readonly handle: Handle },
  { process }: Pick<Recipient, 'process'>,
): void {
  handle.close();
  process.emit('internalMessage', { cmd: 'NODE_CLUSTER', ack: message.seq, accepted: true }, null);
}

function isNewConnection(message: unknown): message is NewConnection {
  return (
    typeof message === 'object' &&
    message !== null &&
    'act' in message &&
    message.act === 'newconn' &&
    'seq' in message &&
    typeof message.seq === 'number'
  );
}

function isHandle(value: unknown): value is Handle {
  return typeof value === 'object' && value !== null && 'close' in value && typeof value.close === 'function';
}

/**
 * Which workers get new connections: a workaround for node:cluster in a file of its own. Its round robin gives
 * connections also to a worker that does not take them, forgets the connection that is under way to one that exits, and
 * waits for ever for a worker that could not receive one.
 */
import type { Worker } from 'node:cluster';

/** The primary's handle of a connection, which node closes once a worker has it. */
interface Handle {
  close(): void;
}

/** How node passes a connection on; the worker that has taken it answers with `ack: seq`. */
interface NewConnection {
  readonly act: 'newconn';
  readonly seq: number;
}

interface Recipient {
  readonly process: Worker['process'];
  readonly send: (...args: unknown[]) => boolean;
  /** By their sequence numbers: connections that it has not accepted yet. */
  readonly underWay: Map<number, { readonly message: NewConnection; readonly handle: Handle }>;
  /** The sequence numbers of connections of which it has not said whether it has received the handle. */
  readonly unreceived: number[];
  isPaused: boolean;
  hasExited: boolean;
}

/**
 * Passes what node sends to a paused worker on to the next one that is not. The answer has the same sequence number, so
 * that node takes it for the answer of the paused worker (`handoff` in lib/internal/cluster/round_robin_handle.js).
 */
export class ConnectionRotation {
  /** In the order in which they get the connections of paused ones. */
  readonly #recipients = new Map<Worker, Recipient>();

  /** Adds a worker that has just been started, until it exits. It is paused until it serves. */
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
      // Node sends the next handle to a worker after this answer, so the answers come in the order of the handles.
      if (message.cmd === 'NODE_HANDLE_ACK') recipient.unreceived.shift();
      if (message.cmd === 'NODE_HANDLE_NACK') this.#lose(recipient);
    });
    worker.once('exit', () => this.#remove(worker, recipient));
  }

  /** Gives a worker no new connections, as long as others take them. */
  pause(worker: Worker): void {
    this.#setPaused(worker, true);
  }

  /** Gives a worker new connections, those of paused ones included. */
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
      // No worker is left: the client may try again.
      close({ message, handle }, target);
      return false;
    }
    target.underWay.set(message.seq, { message, handle });
    target.unreceived.push(message.seq);
    return target.send(message, handle);
  }

  /** The worker has no file descriptor for a connection. Others may have none either, so it is closed. */
  #lose(recipient: Recipient): void {
    const seq = recipient.unreceived.shift() ?? -1;
    const lost = recipient.underWay.get(seq);
    recipient.underWay.delete(seq);
    if (lost !== undefined) close(lost, recipient);
  }

  /** Passes on what the worker has not accepted. */
  #remove(worker: Worker, recipient: Recipient): void {
    this.#recipients.delete(worker);
    // Node may pass more on to it until its channel is closed.
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

/** Closes a connection, and answers in place of the worker: node passes no more on to a worker before it has answered. */
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

/** The connection that is on its way to a worker in the moment that it dies. */
import type { Worker } from 'node:cluster';

/** What node hands over to a worker: its own copy of the connection, closed once the worker has it. */
interface Handle {
  close(): void;
}

/**
 * Closes what a worker that ends has not taken: node forgets it (lib/internal/cluster/round_robin_handle.js, `handoff`,
 * waits for an answer that never comes), and its client would wait for ever in place of asking again. There is one at a
 * time; closing one that was taken changes nothing.
 */
export function closeLostConnection(worker: Worker): void {
  const child = worker.process;
  const send = child.send.bind(child) as (...args: unknown[]) => boolean;
  let underWay: Handle | null = null;
  const watchedSend = (message: unknown, handle?: unknown, ...rest: unknown[]): boolean => {
    if (isConnection(message) && isHandle(handle)) underWay = handle;
    return send(message, handle, ...rest);
  };
  Object.assign(child, { send: watchedSend });
  worker.once('exit', () => underWay?.close());
}

function isConnection(message: unknown): boolean {
  return typeof message === 'object' && message !== null && 'act' in message && message.act === 'newconn';
}

function isHandle(value: unknown): value is Handle {
  return typeof value === 'object' && value !== null && 'close' in value && typeof value.close === 'function';
}

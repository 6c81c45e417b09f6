/** The connection that is on its way to a worker when it exits; a workaround for node:cluster in a file of its own. */
import type { Worker } from 'node:cluster';

/** The primary's handle of a connection, which node closes once the worker has it. */
interface Handle {
  close(): void;
}

/**
 * Closes a connection that a worker has not accepted when it exits: node forgets it (`handoff` in
 * lib/internal/cluster/round_robin_handle.js waits for an answer that never comes), and its client would wait for ever
 * and not retry. There is one at a time; closing one that was accepted changes nothing.
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

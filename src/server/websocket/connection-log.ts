/** What the log says of one WebSocket, with what it is about. A logger for each would take more memory than its stream. */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';

/** The log of one connection. */
export class ConnectionLog {
  /** Whose it is; null while that is not known. */
  partition: bigint | null = null;
  readonly #log: Logger;
  /** Made when there is something to be told. */
  #connectionId: string | null = null;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Whether it is worth to find out what `debug` is to say. */
  get isDebugged(): boolean {
    return this.#log.isLevelEnabled('debug');
  }

  debug(facts: object, message: string): void {
    if (this.isDebugged) this.#log.debug(this.#with(facts), message);
  }

  warn(facts: object, message: string): void {
    this.#log.warn(this.#with(facts), message);
  }

  error(facts: object, message: string): void {
    this.#log.error(this.#with(facts), message);
  }

  #with(facts: object): object {
    const who = this.partition === null ? {} : { partition: this.partition.toString() };
    this.#connectionId ??= randomUUID();
    return { connectionId: this.#connectionId, transport: 'websocket', ...who, ...facts };
  }
}

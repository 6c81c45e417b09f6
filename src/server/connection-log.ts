/** What the log says of one WebSocket, with what it is about. A logger for each would take more memory than its stream. */
import type { Logger } from 'pino';

/** The log of one connection. */
export class ConnectionLog {
  /** Whose it is; null while that is not known. */
  partition: bigint | null = null;
  readonly #log: Logger;
  readonly #connectionId: string;

  constructor(log: Logger, connectionId: string) {
    this.#log = log;
    this.#connectionId = connectionId;
  }

  debug(facts: object, message: string): void {
    if (this.#log.isLevelEnabled('debug')) this.#log.debug(this.#with(facts), message);
  }

  warn(facts: object, message: string): void {
    this.#log.warn(this.#with(facts), message);
  }

  error(facts: object, message: string): void {
    this.#log.error(this.#with(facts), message);
  }

  #with(facts: object): object {
    const who = this.partition === null ? {} : { partition: this.partition.toString() };
    return { connectionId: this.#connectionId, transport: 'websocket', ...who, ...facts };
  }
}

/** Who asks by POST, GET or an event stream. */
import type { Caller } from '../access/caller.ts';
import type { Asker } from './call.ts';
import type { Exchange } from './exchange.ts';
import type { Identified } from './identity.ts';

/** Whoever was identified, for as long as the exchange has somebody who waits; its signal is made when it is asked for. */
export class ExchangeAsker implements Asker {
  readonly caller: Caller;
  readonly by: Identified['by'];
  readonly expiresAt: number | null;
  readonly requestId: string;
  readonly #exchange: Exchange;

  constructor(exchange: Exchange, { caller, by, expiresAt }: Identified) {
    this.caller = caller;
    this.by = by;
    this.expiresAt = expiresAt;
    this.requestId = exchange.requestId;
    this.#exchange = exchange;
  }

  get signal(): AbortSignal {
    return this.#exchange.signal;
  }
}

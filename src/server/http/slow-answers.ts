/** Answers that their clients do not take: what was written of them waits in this process's memory. */
import type { Logger } from 'pino';
import type { Exchange } from './exchange.ts';
import type { OpenAnswers } from './open-answers.ts';
import { Patience, type ConnectionLimits } from './patience.ts';
import type { Pulse, PulseListener } from '../pulse.ts';

/** What slow answers are watched with. */
export interface SlowAnswersWorld {
  readonly answers: OpenAnswers;
  readonly pulse: Pulse;
  readonly limits: ConnectionLimits;
  readonly log: Logger;
}

/**
 * Cuts the connection of a client that takes nothing of its answer for too long, whoever writes the answer, in one piece
 * or in many. Event streams watch themselves in the same way, so that the audit trail knows. Costs an answer nothing that
 * is taken within a beat of the pulse.
 */
export class SlowAnswers implements PulseListener {
  readonly #world: SlowAnswersWorld;
  readonly #patience = new WeakMap<Exchange, Patience>();
  #isWatching = false;

  constructor(world: SlowAnswersWorld) {
    this.#world = world;
  }

  /** To be called when there is an answer to come: watches until there is none. */
  watch(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    this.#world.pulse.join(this);
  }

  /** Watches no more. */
  stop(): void {
    this.#isWatching = false;
    this.#world.pulse.leave(this);
  }

  beat(): void {
    const { answers } = this.#world;
    const busy = answers.busyConnections;
    if (busy.length === 0) this.stop();
    for (const connection of busy) {
      const [exchange] = answers.on(connection);
      if (exchange !== undefined && exchange.response.headersSent && !exchange.isWatched)
        this.#beat(exchange);
    }
  }

  #beat(exchange: Exchange): void {
    const { socket } = exchange.request;
    if (socket.writableLength === 0) {
      this.#patience.delete(exchange);
      return;
    }
    let patience = this.#patience.get(exchange);
    if (patience === undefined) {
      patience = new Patience(this.#world.limits.stallBeats, socket);
      patience.sent();
      this.#patience.set(exchange, patience);
    }
    if (patience.beat()) this.#cut(exchange);
  }

  #cut({ request, requestId, caller }: Exchange): void {
    const { limits, log } = this.#world;
    const { stallMilliseconds } = limits;
    const partition = caller?.partitionId.toString();
    log.warn(
      { requestId, transport: 'http', partition, stallMilliseconds },
      'a client that took nothing for too long was cut',
    );
    request.socket.destroy();
  }
}

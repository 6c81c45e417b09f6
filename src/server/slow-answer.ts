/** Answers that their clients do not take: what is whole, and waits in this process's memory. */
import type { Logger } from 'pino';
import type { Exchange } from './exchange.ts';
import { Patience, type ConnectionLimits } from './patience.ts';
import type { Pulse, PulseListener } from './pulse.ts';

/** What slow answers are watched with. */
export interface SlowAnswerWorld {
  readonly pulse: Pulse;
  readonly limits: ConnectionLimits;
  readonly log: Logger;
}

/**
 * To be called when all of an answer has been written, whoever wrote it. Where the kernel has not taken it at once, as it
 * nearly always does, the connection is cut once the client has taken nothing for too long, as event streams and
 * WebSockets are.
 */
export function watchWhereSlow(exchange: Exchange, world: SlowAnswerWorld): void {
  const { request, response } = exchange;
  if (request.socket.writableLength === 0 || response.destroyed) return;
  const answer = new SlowAnswer(exchange, world);
  world.pulse.join(answer);
  response.once('close', () => world.pulse.leave(answer));
}

class SlowAnswer implements PulseListener {
  readonly #exchange: Exchange;
  readonly #world: SlowAnswerWorld;
  readonly #patience: Patience;

  constructor(exchange: Exchange, world: SlowAnswerWorld) {
    this.#exchange = exchange;
    this.#world = world;
    this.#patience = new Patience(world.limits.stallBeats, exchange.request.socket);
    this.#patience.sent();
  }

  beat(): void {
    if (!this.#patience.beat()) return;
    const { request, requestId, caller } = this.#exchange;
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

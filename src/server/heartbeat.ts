/** One timer for all open connections. */

/** Called at each heartbeat. */
export interface HeartbeatListener {
  onHeartbeat(): void;
}

/** Calls its listeners at an interval. Without listeners there is no timer. */
export class Heartbeat {
  readonly #milliseconds: number;
  readonly #listeners = new Set<HeartbeatListener>();
  #timer: NodeJS.Timeout | null = null;

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
  }

  add(listener: HeartbeatListener): void {
    this.#listeners.add(listener);
    this.#timer ??= setInterval(() => {
      for (const each of this.#listeners) each.onHeartbeat();
    }, this.#milliseconds);
  }

  delete(listener: HeartbeatListener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }
}

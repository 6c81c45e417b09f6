/** A stream as its client has it, over any transport. */
import type { Answer } from './answer.ts';

/** How a client leaves: as the protocol says, by cutting the connection, or by ending its own side only. */
export const departures = ['politely', 'by cutting', 'by half'] as const;

/** One of them. */
export type Departure = (typeof departures)[number];

/** A stream, or what was received instead. */
export interface Stream {
  /** The next event; null once it has ended. */
  receive(): Promise<readonly Answer[] | null>;
  /** From now on nothing is read any more. */
  stopReading(): void;
  /** Resolves once the connection is closed. */
  leave(how: Departure): Promise<void>;
}

/** What has come and was not received yet. */
export class Inbox<Item> {
  readonly #items: Item[] = [];
  #isOver = false;
  #wake: () => void = () => undefined;

  put(item: Item): void {
    this.#items.push(item);
    this.#wake();
  }

  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  /** The next item, once there is one; null after the last. */
  async take(): Promise<Item | null> {
    while (this.#items.length === 0 && !this.#isOver) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return this.#items.shift() ?? null;
  }
}

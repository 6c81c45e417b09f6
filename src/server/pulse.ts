/** One timer for all connections that are open, in place of some for each. */

/** Who is told of each beat. */
export interface PulseListener {
  beat(): void;
}

/** Beats as long as anybody listens. */
export interface Pulse {
  join(listener: PulseListener): void;
  /** Nothing happens to one that has left already. */
  leave(listener: PulseListener): void;
}

/** A pulse. Without listeners there is no timer. */
export function pulse(beatMilliseconds: number): Pulse {
  const listeners = new Set<PulseListener>();
  let timer: NodeJS.Timeout | null = null;
  const beat = (): void => {
    for (const listener of listeners) listener.beat();
  };
  return {
    join: (listener) => {
      listeners.add(listener);
      timer ??= setInterval(beat, beatMilliseconds);
    },
    leave: (listener) => {
      listeners.delete(listener);
      if (listeners.size > 0 || timer === null) return;
      clearInterval(timer);
      timer = null;
    },
  };
}

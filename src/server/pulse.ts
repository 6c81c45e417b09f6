/** One timer for all connections that are open, in place of some for each. */

/** Beats as long as anybody listens. */
export interface Pulse {
  /** Calls back at each beat; gives a function that ends it. */
  join(onBeat: () => void): () => void;
}

/** A pulse. Without listeners there is no timer. */
export function pulse(beatMilliseconds: number): Pulse {
  const listeners = new Set<() => void>();
  let timer: NodeJS.Timeout | null = null;
  const beat = (): void => {
    for (const onBeat of listeners) onBeat();
  };
  return {
    join: (onBeat) => {
      // A function of its own, so that one who joins twice leaves twice.
      const listener = (): void => onBeat();
      listeners.add(listener);
      timer ??= setInterval(beat, beatMilliseconds);
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0 || timer === null) return;
        clearInterval(timer);
        timer = null;
      };
    },
  };
}

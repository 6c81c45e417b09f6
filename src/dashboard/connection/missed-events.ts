/** Counts missed events: a slow client gets only the newest event. */
import { signal } from '@preact/signals';

/** The number of missed events since the page was opened. */
export const missedTotal = signal(0);

/** Counts the missed events of a subscription by the time between its events. */
export function missedEvents(every: string): { note: () => void } {
  const interval = every.endsWith('ms') ? Number.parseFloat(every) : 1_000 * Number.parseFloat(every);
  let last: number | null = null;
  return {
    note: () => {
      const now = performance.now();
      if (last !== null) missedTotal.value += Math.max(0, Math.round((now - last) / interval) - 1);
      last = now;
    },
  };
}

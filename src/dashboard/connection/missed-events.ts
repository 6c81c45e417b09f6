/** Events that did not come: a slow client is given the newest event, and not those between. */
import { signal } from '@preact/signals';

/** How many events of the open page did not come, since it was opened. */
export const missedTotal = signal(0);

/** Counts those of one subscription by the time between its events. */
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

/** Which stretch of time the page shows: the last five minutes, live; frozen; or one that was selected. */
import { computed, signal } from '@preact/signals';
import { windowMilliseconds } from './frames.ts';

/** A stretch of time: milliseconds since 1970. */
export type TimeRange = readonly [from: number, to: number];

/** The moment of the newest snapshot of the page. */
export const newest = signal<number | null>(null);
/** Where the page was paused; null while it is live. */
export const pausedAt = signal<number | null>(null);
/** The selected stretch; null for the whole window. */
export const selected = signal<TimeRange | null>(null);

/** The time to show. Before the first snapshot, the clock of the browser stands in. */
export const shown = computed<TimeRange>(() => {
  if (selected.value !== null) return selected.value;
  const to = pausedAt.value ?? newest.value ?? Date.now();
  return [to - windowMilliseconds, to];
});

/** From when on frames are kept: those that are shown, and those that will be when the page is live again. */
export function keptSince(): number {
  const live = (newest.value ?? 0) - windowMilliseconds;
  return Math.min(live, shown.value[0]) - 2_000;
}

/** Notes the moment of a snapshot. */
export function noteMoment(at: number): void {
  if (newest.value === null || at > newest.value) newest.value = at;
}

/** Freezes what is shown. */
export function pause(): void {
  pausedAt.value ??= newest.value;
}

/** Shows the last five minutes as they go by. */
export function resume(): void {
  pausedAt.value = null;
  selected.value = null;
}

/** Enlarges a stretch, which also freezes it. */
export function select(range: TimeRange): void {
  const [from, to] = range;
  if (to - from < 1_000) return;
  pause();
  selected.value = range;
}

/** Shows other objects: their readings begin anywhere. */
export function resetTime(): void {
  newest.value = null;
  resume();
}

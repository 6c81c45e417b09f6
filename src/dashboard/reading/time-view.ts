/** The time range that the page shows: the last five minutes (live), frozen, or selected. */
import { computed, signal } from '@preact/signals';
import { windowMilliseconds } from './frames.ts';

/** A time range, in milliseconds since 1970. */
export type TimeRange = readonly [from: number, to: number];

/** The time of the newest snapshot of the page. */
export const newest = signal<number | null>(null);
/** Whether the user has paused the page. */
export const isPaused = signal(false);
/** The time at which the page is frozen: of the snapshot that was newest when it was paused, or else of the first one. */
const pausedAt = signal<number | null>(null);
/** The selected range; null for the whole window. */
export const selected = signal<TimeRange | null>(null);

/** The range to show. Before the first snapshot, it is based on the browser's clock. */
export const shown = computed<TimeRange>(() => {
  if (selected.value !== null) return selected.value;
  const to = pausedAt.value ?? newest.value ?? Date.now();
  return [to - windowMilliseconds, to];
});

/** The start of the kept frames: the shown ones, and those that are needed when the page is live again. */
export function keptSince(): number {
  const live = (newest.value ?? 0) - windowMilliseconds;
  return Math.min(live, shown.value[0]) - 2_000;
}

/** Records the time of a snapshot. */
export function noteMoment(at: number): void {
  if (newest.value === null || at > newest.value) newest.value = at;
  if (isPaused.value) pausedAt.value ??= newest.value;
}

/** Freezes what is shown. */
export function pause(): void {
  isPaused.value = true;
  pausedAt.value ??= newest.value;
}

/** Shows the last five minutes, live. */
export function resume(): void {
  isPaused.value = false;
  pausedAt.value = null;
  selected.value = null;
}

/** Zooms in to a range, which also freezes the page. */
export function select(range: TimeRange): void {
  const [from, to] = range;
  if (to - from < 1_000) return;
  pause();
  selected.value = range;
}

/** Resets the range for other objects. */
export function resetTime(): void {
  newest.value = null;
  resume();
}

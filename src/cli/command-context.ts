/** The context of a command, in addition to its settings. */
import { setTimeout } from 'node:timers/promises';
import type { Clock } from '../snapshot/moment.ts';

/** Where text is written: standard output, standard error, or a test's list. */
export interface TextStream {
  write(text: string): unknown;
  /** Whether it is a terminal. */
  readonly isTTY?: boolean | undefined;
  /** Width of the terminal. */
  readonly columns?: number | undefined;
}

/** Resolves after that many milliseconds, or as soon as the signal is aborted. */
export type Wait = (milliseconds: number, signal: AbortSignal) => Promise<void>;

/** The context that commands share. Commands return their exit code, or reject with a UsageError. */
export interface CommandContext {
  readonly clock: Clock;
  readonly wait: Wait;
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  /** Aborted when the command should stop; it then finishes its current work. */
  readonly signal: AbortSignal;
  /**
   * Calls back on SIGHUP, the request to reopen files; returns a function that stops listening. Without a callback, SIGHUP
   * terminates the program.
   */
  readonly onReopen: (reopen: () => void) => () => void;
}

/** Waits with real timers. */
export const systemWait: Wait = async (milliseconds, signal) => {
  try {
    await setTimeout(milliseconds, undefined, { signal });
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  }
};

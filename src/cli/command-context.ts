/** What a command needs beside its settings. */
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

/** What commands share. They return their exit code, or reject with a UsageError. */
export interface CommandContext {
  readonly clock: Clock;
  readonly wait: Wait;
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  /** Aborted when the command is to stop: it finishes what it has begun. */
  readonly signal: AbortSignal;
  /**
   * Calls back on SIGHUP, which asks the program to reopen its files; returns a function that stops it. Without a
   * callback, SIGHUP ends the program.
   */
  readonly onReopen: (reopen: () => void) => () => void;
}

/** Waits by this machine's timers. */
export const systemWait: Wait = async (milliseconds, signal) => {
  try {
    await setTimeout(milliseconds, undefined, { signal });
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  }
};

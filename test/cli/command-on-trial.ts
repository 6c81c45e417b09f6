import type { CommandContext } from '../../src/cli/command-context.ts';
import { ManualClock } from '../source/manual-clock.ts';

/** A context for a command: its output is recorded, and waiting advances the clock instead of taking time. */
export class CommandOnTrial implements CommandContext {
  readonly clock = new ManualClock();
  readonly #controller = new AbortController();
  readonly signal = this.#controller.signal;
  output = '';
  errors = '';
  readonly stdout = { write: (text: string) => (this.output += text) };
  readonly stderr: CommandContext['stderr'];
  /** Callbacks that reopen files. */
  readonly reopening = new Set<() => void>();
  /** Called after each wait. */
  afterWait: () => void = () => {};

  constructor(terminal: { readonly isTTY?: boolean; readonly columns?: number } = {}) {
    this.stderr = { ...terminal, write: (text: string) => (this.errors += text) };
  }

  readonly wait = async (milliseconds: number): Promise<void> => {
    this.clock.advance(milliseconds);
    this.afterWait();
  };

  readonly onReopen = (reopen: () => void): (() => void) => {
    this.reopening.add(reopen);
    return () => this.reopening.delete(reopen);
  };

  abort(): void {
    this.#controller.abort(new Error('stopped by a signal'));
  }
}

/** PowerShell with the script in this folder: a child process that responds to each line with a line. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { dirname } from 'node:path';
import { HvqlError } from '../../errors.ts';
import { systemErrorReason } from '../../lib/system-error.ts';
import type { SourceLog } from '../source.ts';
import { BoundedLines } from './bounded-line.ts';
import { ErrorOutput } from './error-output.ts';

/** The program to start, and its options. */
export interface PowerShellOptions {
  readonly executable: string;
  /** Path of the script. */
  readonly script: string;
  readonly log: SourceLog | undefined;
  /** Called once if the process fails between two requests. */
  readonly onIdleEnd: (why: HvqlError) => void;
}

/** The time limit of a response. */
export interface AnswerLimit {
  readonly milliseconds: number;
}

/**
 * The longest response, in bytes: a host of 1,000 virtual processors needs 2 MB. A longer one would delay all other
 * requests.
 */
export const maxAnswerBytes = 64 * 2 ** 20;
/** How long the process may take to exit after the end of its input. */
const graceMilliseconds = 2_000;
/** How long its last output may take after its exit. */
const drainMilliseconds = 500;

/** Flags of Windows PowerShell. Without -InputFormat None, it might read the requests itself. */
const flags = [
  '-NoLogo',
  '-NoProfile',
  '-NonInteractive',
  '-ExecutionPolicy',
  'Bypass',
  '-InputFormat',
  'None',
];

interface PendingRequest {
  readonly resolve: (line: string) => void;
  readonly reject: (why: HvqlError) => void;
}

/** One run of PowerShell, which takes one request at a time. */
export class PowerShell {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #errors: ErrorOutput;
  readonly #onIdleEnd: (why: HvqlError) => void;
  readonly #ended: Promise<void>;
  #pending: PendingRequest | null = null;
  /** Why it accepts no more requests; null while it does. */
  #end: HvqlError | null = null;

  constructor({ executable, script, log, onIdleEnd }: PowerShellOptions) {
    this.#errors = new ErrorOutput(log);
    this.#onIdleEnd = onIdleEnd;
    this.#child = spawn(executable, [...flags, '-File', script], {
      // A name without a path is searched in the current folder first, which others may be able to write to.
      cwd: dirname(script),
      stdio: 'pipe',
      windowsHide: true,
    });
    const lines = new BoundedLines({
      maxBytes: maxAnswerBytes,
      onLine: (line) => this.#answer(line),
      onTooLong: (start) => this.fail(`answered with more than ${maxAnswerBytes} bytes`, start),
    });
    this.#child.stdout.on('data', (chunk: Buffer) => lines.push(chunk));
    this.#child.stderr.on('data', (chunk: Buffer) => this.#errors.push(chunk));
    // The other end of the pipe has gone. The end of the process gives a better reason.
    for (const stream of [this.#child.stdin, this.#child.stdout, this.#child.stderr])
      stream.on('error', () => {});
    this.#ended = new Promise((resolve) => {
      const end = (how: string, cause?: unknown): void => {
        const isIdle = this.#pending === null && this.#end === null;
        this.fail(how, lines.rest(), cause);
        if (isIdle && this.#end !== null) onIdleEnd(this.#end);
        resolve();
      };
      this.#child.on('error', (error) => end(`could not be started: ${systemErrorReason(error)}`, error));
      this.#child.on('close', (code, signal) => end(describeExit(code, signal)));
      this.#child.on('exit', (code, signal) => {
        // A process that inherited its output may keep it open forever.
        setTimeout(() => end(describeExit(code, signal)), drainMilliseconds).unref();
      });
    });
  }

  /** Whether it accepts a request now. */
  get isRunning(): boolean {
    return this.#end === null;
  }

  /**
   * Sends a line and returns the response line. Rejects with PAGE_UNAVAILABLE if the process exits before, or takes
   * too long; then it is killed, because its response would be taken for that of the next request.
   */
  async request(line: string, { milliseconds }: AnswerLimit): Promise<string> {
    if (this.#end !== null) throw this.#end;
    const timer = setTimeout(() => this.fail(`did not respond within ${milliseconds} ms`), milliseconds);
    try {
      return await new Promise<string>((resolve, reject) => {
        this.#pending = { resolve, reject };
        this.#child.stdin.write(`${line}\n`);
      });
    } finally {
      clearTimeout(timer);
      this.#pending = null;
    }
  }

  /** Kills it, and rejects the pending request. `how` follows "PowerShell" in the message; returns the error. */
  fail(how: string, output = '', cause?: unknown): HvqlError {
    if (this.#end !== null) return this.#end;
    const details = [this.#errors.tail(), output.slice(0, 200)].filter((text) => text !== '').join('\n');
    const why = new HvqlError(
      'PAGE_UNAVAILABLE',
      `PowerShell ${how}.`,
      {},
      { cause: cause ?? (details === '' ? undefined : new Error(details)) },
    );
    this.#end = why;
    this.#child.kill('SIGKILL');
    this.#pending?.reject(why);
    return why;
  }

  /** Lets it end by itself, and kills it if it does not. Resolves when it has ended, or after a time limit. */
  async stop(): Promise<void> {
    const hasEnded = this.#child.exitCode !== null || this.#child.signalCode !== null;
    const why = new HvqlError('PAGE_UNAVAILABLE', 'PowerShell has been stopped.');
    this.#end ??= why;
    this.#pending?.reject(why);
    if (hasEnded) return;
    this.#child.stdin.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), graceMilliseconds);
    await Promise.race([this.#ended, delay(2 * graceMilliseconds)]);
    clearTimeout(timer);
  }

  #answer(line: string): void {
    const pending = this.#pending;
    // Any further line was not requested.
    this.#pending = null;
    if (pending !== null) pending.resolve(line);
    else if (this.#end === null) this.#onIdleEnd(this.fail('said something without being asked', line));
  }
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
}

function describeExit(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `ended with exit code ${code ?? 'unknown'}` : `was ended by ${signal}`;
}

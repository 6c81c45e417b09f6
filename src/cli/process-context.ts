/** The context of a command that is this process: its output, and when it is to end. */
import cluster from 'node:cluster';
import { readFileSync } from 'node:fs';
import { systemClock } from '../snapshot/moment.ts';
import { systemErrorReason } from '../lib/system-error.ts';
import { systemWait, type CommandContext } from './command-context.ts';

const endSignals = ['SIGINT', 'SIGTERM'] as const;
/**
 * A terminal signals all of its processes, and npm passes the signal on to its child: what follows within this time is
 * the same request to end. A later signal ends the process at once.
 */
const repeatMilliseconds = 1_000;
/** How often to check that npm still runs. */
const parentCheckMilliseconds = 250;
/** Read as early as possible: the parent is another one once npm has ended. */
const parents = readParents();

/** The context of a command that runs as this process. */
export function processContext(): CommandContext {
  const controller = new AbortController();
  const end = (): void => controller.abort();
  for (const name of endSignals) {
    process.on(name, () => {
      end();
      letSignalsEnd();
    });
  }
  endWithNpm(end);
  for (const stream of [process.stdout, process.stderr]) endWithReader(stream, end);
  return {
    clock: systemClock,
    wait: systemWait,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: controller.signal,
    onReopen: reopenBySignal(end),
  };
}

function letSignalsEnd(): void {
  const timer = setTimeout(() => {
    for (const name of endSignals) process.removeAllListeners(name);
  }, repeatMilliseconds);
  timer.unref();
}

/** SIGHUP reopens files if there are any, and ends the command otherwise. The primary passes it on to its workers. */
function reopenBySignal(end: () => void): CommandContext['onReopen'] {
  const reopeners = new Set<() => void>();
  process.on('SIGHUP', () => {
    if (cluster.isWorker) return;
    if (reopeners.size === 0) end();
    for (const reopen of reopeners) reopen();
  });
  return (reopen) => {
    reopeners.add(reopen);
    return () => reopeners.delete(reopen);
  };
}

/**
 * npm starts programs by a shell. A signal that npm passes on, or that ends npm, ends that shell or npm alone; the
 * program does not receive it, and ends once either is gone.
 */
function endWithNpm(end: () => void): void {
  if (process.env['npm_lifecycle_event'] === undefined || cluster.isWorker) return;
  const check = setInterval(() => {
    if (readParents() === parents) return;
    clearInterval(check);
    end();
  }, parentCheckMilliseconds);
  check.unref();
}

/** The parent process and, where that is a shell which runs one command, the parent of that: "17 16". */
function readParents(): string {
  const parent = process.ppid;
  try {
    if (!/^\S*sh\0-c\0/.test(readFileSync(`/proc/${parent}/cmdline`, 'utf8'))) return `${parent}`;
    // The name of the program stands in parentheses and may have spaces (proc_pid_stat(5)).
    const [, grandparent] = readFileSync(`/proc/${parent}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return `${parent} ${grandparent}`;
  } catch {
    // Not Linux, or the parent has ended just now.
    return `${parent}`;
  }
}

/** Once the reader of the output has gone ("hvql inspect … | head -1"), the command ends without a message. */
function endWithReader(stream: NodeJS.WriteStream, end: () => void): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    end();
    if (error.code === 'EPIPE') return;
    process.exitCode = 1;
    if (stream === process.stdout)
      process.stderr.write(`hvql: standard output cannot be written: ${systemErrorReason(error)}.\n`);
  });
}

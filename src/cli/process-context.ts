/** The context of a command in this process: its output, and its signals. */
import cluster from 'node:cluster';
import { readFileSync } from 'node:fs';
import { systemClock } from '../snapshot/moment.ts';
import { systemErrorReason } from '../lib/system-error.ts';
import { systemWait, type CommandContext } from './command-context.ts';

const endSignals = ['SIGINT', 'SIGTERM'] as const;
/**
 * A terminal signals all of its processes, and npm forwards the signal to its child: further signals within this time
 * belong to the same request. A later signal terminates the process at once.
 */
const repeatMilliseconds = 1_000;
/** How often to check that npm still runs. */
const parentCheckMilliseconds = 250;
/** Read as early as possible, because the parent changes when npm has exited. */
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

/** SIGHUP reopens files if there are any, and otherwise terminates the command. The primary forwards it to its workers. */
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
 * npm starts programs through a shell. A signal that npm forwards terminates only that shell, and one that terminates npm
 * is not forwarded. The program does not receive either, so it exits when npm or the shell has exited.
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

/** The parent process and, if that is a shell that runs one command, its parent: "17 16". */
function readParents(): string {
  const parent = process.ppid;
  try {
    if (!/^\S*sh\0-c\0/.test(readFileSync(`/proc/${parent}/cmdline`, 'utf8'))) return `${parent}`;
    // The name of the program is in parentheses and may contain spaces (proc_pid_stat(5)).
    const [, grandparent] = readFileSync(`/proc/${parent}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return `${parent} ${grandparent}`;
  } catch {
    // Not Linux, or the parent has just exited.
    return `${parent}`;
  }
}

/** When the reader of the output has exited ("hvql inspect … | head -1"), the command ends without a message. */
function endWithReader(stream: NodeJS.WriteStream, end: () => void): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    end();
    if (error.code === 'EPIPE') return;
    process.exitCode = 1;
    if (stream === process.stdout)
      process.stderr.write(`hvql: standard output cannot be written: ${systemErrorReason(error)}.\n`);
  });
}

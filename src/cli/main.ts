#!/usr/bin/env node
/** The program `hvql`. */
import { inspect as inspectThrown } from 'node:util';
import { pino, type Logger } from 'pino';
import { HvqlError, UsageError } from '../errors.ts';
import { systemClock } from '../snapshot/moment.ts';
import { systemErrorReason } from '../source/page-folder/file-system.ts';
import { openSource } from '../source/sources.ts';
import { systemWait, type CommandWorld } from './command-world.ts';
import { doctor } from './doctor.ts';
import { keepHeapClose } from './heap.ts';
import { inspect } from './inspect.ts';
import { printOperations } from './operations.ts';
import { packageVersion } from './package.ts';
import { printable } from './printable.ts';
import { record } from './record.ts';
import { helpText } from './setting-help.ts';
import { parseCommand, type Command } from './settings.ts';
import { simulate } from './simulate.ts';
import { printToken } from './token.ts';
import { serveByWorkers } from './workers.ts';

const usageExitCode = 2;
/** How long the process may outlive its service. */
const lingerMilliseconds = 1_000;

const exitCode = await main();
// Output that could not be written has set another one already.
process.exitCode ??= exitCode;

async function main(): Promise<number> {
  const world = worldOfProcess();
  try {
    return await run(parseCommand(process.argv.slice(2), process.env), world);
  } catch (thrown) {
    return explain(thrown);
  }
}

/** Tells why the program ends, and gives its exit code. What nobody foresaw is our own mistake, and shows its stack. */
function explain(thrown: unknown): number {
  if (thrown instanceof UsageError || thrown instanceof HvqlError) {
    const problems = problemsOf(thrown);
    for (const problem of problems) process.stderr.write(`hvql: ${printable(problem)}\n`);
    return thrown instanceof UsageError ? usageExitCode : 1;
  }
  process.stderr.write(`hvql: unexpected error: ${inspectThrown(thrown)}\n`);
  return 1;
}

function problemsOf(thrown: UsageError | HvqlError): readonly string[] {
  if (thrown instanceof UsageError) return thrown.problems;
  // Whoever starts the program may know the details.
  return thrown.cause instanceof UsageError ? thrown.cause.problems : [thrown.message];
}

async function run(command: Command, world: CommandWorld): Promise<number> {
  switch (command.name) {
    case 'serve': {
      keepHeapClose();
      const log = logger(command.settings.logLevel);
      const code = await serveByWorkers(command.settings, { ...world, platform: process.platform, log });
      // A source that hangs in a read that cannot be aborted must not keep the program from ending.
      setTimeout(() => process.exit(), lingerMilliseconds).unref();
      return code;
    }
    case 'record': {
      const { source: text, names, every, for: duration, out } = command.settings;
      const source = await openSource(text, { clock: world.clock, names, platform: process.platform });
      try {
        return await record({ source, every, for: duration ?? undefined, out }, world);
      } finally {
        await source.close();
      }
    }
    case 'simulate': {
      const { source: settings, every, for: duration, out } = command.settings;
      return simulate({ settings, every, for: duration ?? undefined, out }, world);
    }
    case 'inspect':
      return inspect(command.settings, world);
    case 'operations':
      return printOperations(command.settings, world);
    case 'doctor': {
      const { platform } = process;
      return doctor({ ...world, platform, root: '', windowsSource: 'windows', openSource });
    }
    case 'token':
      await printToken(command.settings, { stdout: process.stdout, now: Date.now });
      return 0;
    case 'help':
      process.stdout.write(helpText(command.topic));
      return 0;
    case 'version':
      process.stdout.write(`${packageVersion()}\n`);
      return 0;
  }
}

function worldOfProcess(): CommandWorld {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, abort);
  for (const stream of [process.stdout, process.stderr]) endWithReader(stream, abort);
  return {
    clock: systemClock,
    wait: systemWait,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: controller.signal,
    onReopen: (reopen) => {
      process.on('SIGHUP', reopen);
      return () => process.off('SIGHUP', reopen);
    },
  };
}

/** Where nobody reads any more what is printed ("hvql inspect … | head -1"), the command ends without a word. */
function endWithReader(stream: NodeJS.WriteStream, end: () => void): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    end();
    if (error.code === 'EPIPE') return;
    process.exitCode = 1;
    if (stream === process.stdout)
      process.stderr.write(`hvql: standard output cannot be written: ${systemErrorReason(error)}.\n`);
  });
}

/** One JSON line each to standard error, where it mixes with nothing that other programs read. */
function logger(level: string): Logger {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: true }),
  );
}

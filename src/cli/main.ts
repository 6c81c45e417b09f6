#!/usr/bin/env node
/** The program `hvql`. */
import './node-env.ts';
import cluster from 'node:cluster';
import { inspect as inspectThrown } from 'node:util';
import { processContext } from './process-context.ts';
import { HvqlError, UsageError } from '../errors.ts';
import type { CommandContext } from './command-context.ts';
import { printable } from './format.ts';
import { parseCommand, type Command } from './settings/settings.ts';

const usageExitCode = 2;
/** The time limit for the process to exit after its service has closed. */
const lingerMilliseconds = 1_000;

const exitCode = await main();
// Already set if output could not be written.
process.exitCode ??= exitCode;

async function main(): Promise<number> {
  const context = processContext();
  try {
    return await run(parseCommand(process.argv.slice(2), process.env), context);
  } catch (thrown) {
    return explain(thrown);
  }
}

/** Prints why the program ends, and returns its exit code. For an unexpected error, which is a bug, prints the stack trace. */
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
  // The operator may see the details.
  return thrown.cause instanceof UsageError ? thrown.cause.problems : [thrown.message];
}

/** Runs a command. Its code is loaded here: help needs no server. */
async function run(command: Command, context: CommandContext): Promise<number> {
  const { clock, stdout } = context;
  const { platform } = process;
  switch (command.name) {
    case 'serve': {
      const { limitHeap, holdYoungGeneration } = await import('./heap.ts');
      // The primary of several workers has no service that would release it.
      if (command.settings.workers === 1 || cluster.isWorker) holdYoungGeneration();
      const [{ openLog }, { passedSocket }, { serveWithWorkers }] = await Promise.all([
        import('./log.ts'),
        import('./passed-socket.ts'),
        import('./workers/primary.ts'),
      ]);
      limitHeap();
      const log = openLog(command.settings.logLevel);
      // Workers listen through their primary, on what was passed to it.
      const owner = cluster.isWorker ? process.ppid : process.pid;
      const socket = passedSocket(process.env, owner);
      const code = await serveWithWorkers(command.settings, {
        ...context,
        platform,
        log,
        passedSocket: socket,
      });
      // A hanging read of a source that cannot be aborted must not keep the program running.
      setTimeout(() => process.exit(), lingerMilliseconds).unref();
      return code;
    }
    case 'gateway': {
      const [{ limitHeap }, { openLog }, { serveGateway }] = await Promise.all([
        import('./heap.ts'),
        import('./log.ts'),
        import('./commands/gateway.ts'),
      ]);
      limitHeap();
      return serveGateway(command.settings, { ...context, log: openLog(command.settings.logLevel) });
    }
    case 'fleet': {
      const [{ limitHeap }, { openLog }, { runFleet }] = await Promise.all([
        import('./heap.ts'),
        import('./log.ts'),
        import('./simulated-fleet/fleet.ts'),
      ]);
      limitHeap();
      return runFleet(command.settings, { ...context, log: openLog(command.settings.logLevel) });
    }
    case 'top': {
      const [{ collectRarely }, { top }] = await Promise.all([import('./heap.ts'), import('./top/top.ts')]);
      collectRarely();
      const { stdin } = process;
      const terminal = stdin.isTTY && process.stdout.isTTY ? { stdin, stdout: process.stdout } : null;
      return top(command.settings, { ...context, platform, terminal, env: process.env });
    }
    case 'record': {
      const [{ openSource }, { record }] = await Promise.all([
        import('../source/sources.ts'),
        import('./commands/record.ts'),
      ]);
      const { source: text, names, every, for: duration, out, hostName } = command.settings;
      const source = await openSource(text, { clock, names, platform });
      try {
        return await record({ source, every, for: duration ?? undefined, out, hostName }, context);
      } finally {
        await source.close();
      }
    }
    case 'simulate': {
      const { simulate } = await import('./commands/simulate.ts');
      const { source: settings, every, for: duration, out } = command.settings;
      return simulate({ settings, every, for: duration ?? undefined, out }, context);
    }
    case 'inspect':
      return (await import('./commands/inspect.ts')).inspect(command.settings, context);
    case 'operations':
      return (await import('./commands/operations.ts')).printOperations(command.settings, context);
    case 'doctor': {
      const [{ openSource }, { doctor }] = await Promise.all([
        import('../source/sources.ts'),
        import('./commands/doctor/doctor.ts'),
      ]);
      return doctor({ ...context, platform, root: '', windowsSource: 'windows', openSource });
    }
    case 'token':
      await (await import('./commands/token.ts')).printToken(command.settings, { stdout, now: Date.now });
      return 0;
    case 'help':
      stdout.write((await import('./settings/setting-help.ts')).helpText(command.topic));
      return 0;
    case 'version':
      stdout.write(`${(await import('./package.ts')).packageVersion()}\n`);
      return 0;
  }
}

#!/usr/bin/env node
/** The program `hvql`. */
import { pino, type Logger } from 'pino';
import { messageOf, UsageError } from '../errors.ts';
import { systemClock } from '../snapshot/moment.ts';
import { openSource, parseSimulator } from '../source/sources.ts';
import { systemWait, type CommandWorld } from './command-world.ts';
import { inspect } from './inspect.ts';
import { packageVersion } from './package.ts';
import { record } from './record.ts';
import { serve } from './serve.ts';
import { helpText } from './setting-help.ts';
import { parseCommand, type Command } from './settings.ts';
import { simulate } from './simulate.ts';
import { printToken } from './token.ts';

const usageExitCode = 2;

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    return await run(parseCommand(process.argv.slice(2), process.env), worldOfProcess());
  } catch (thrown) {
    const problems = thrown instanceof UsageError ? thrown.problems : [messageOf(thrown)];
    for (const problem of problems) process.stderr.write(`hvql: ${problem}\n`);
    return thrown instanceof UsageError ? usageExitCode : 1;
  }
}

async function run(command: Command, world: CommandWorld): Promise<number> {
  switch (command.name) {
    case 'serve':
      return serve(command.settings, { ...world, log: logger(command.settings.logLevel) });
    case 'record': {
      const { source: text, every, for: duration, out } = command.settings;
      const source = await openSource(text, world);
      try {
        return await record({ source, every, for: duration ?? undefined, out }, world);
      } finally {
        await source.close();
      }
    }
    case 'simulate': {
      const { source, every, for: duration, out } = command.settings;
      return simulate(
        {
          settings: parseSimulator(source),
          every,
          for: duration ?? undefined,
          out,
        },
        world,
      );
    }
    case 'inspect':
      return inspect(command.settings, world);
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
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => controller.abort());
  return {
    clock: systemClock,
    wait: systemWait,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: controller.signal,
  };
}

/** One JSON line each to standard error, where it mixes with nothing that other programs read. */
function logger(level: string): Logger {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: true }),
  );
}

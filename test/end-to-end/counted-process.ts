/**
 * `hvql serve` as it is built, over a source that says on standard error how often it is read: "lists" and "reads", the
 * process and what was asked for.
 */
import { pino } from 'pino';
import type * as commandWorld from '../../src/cli/command-context.ts';
import type * as settings from '../../src/cli/settings/settings.ts';
import type * as workers from '../../src/cli/workers/primary.ts';
import type * as moment from '../../src/snapshot/moment.ts';
import type * as sources from '../../src/source/sources.ts';

/** A module of the built program. */
async function built<Module>(path: string): Promise<Module> {
  return (await import(new URL(`../../dist/${path}`, import.meta.url).href)) as Module;
}

const { serveWithWorkers } = await built<typeof workers>('cli/workers/primary.js');
const { parseCommand } = await built<typeof settings>('cli/settings/settings.js');
const { systemWait } = await built<typeof commandWorld>('cli/command-context.js');
const { systemClock } = await built<typeof moment>('snapshot/moment.js');
const { openSource } = await built<typeof sources>('source/sources.js');

const command = parseCommand(process.argv.slice(2), {});
if (command.name !== 'serve') throw new TypeError('serve is another command');
const controller = new AbortController();
process.once('SIGTERM', () => controller.abort());
process.exitCode = await serveWithWorkers(command.settings, {
  clock: systemClock,
  wait: systemWait,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: controller.signal,
  platform: process.platform,
  onReopen: () => () => undefined,
  log: pino({ level: 'silent' }),
  openSource: async (text, world) => {
    const source = await openSource(text, world);
    const say = (what: string): boolean => process.stderr.write(`${what} ${process.pid}\n`);
    return {
      kind: source.kind,
      description: source.description,
      topology: (signal) => {
        say('lists');
        return source.topology(signal);
      },
      read: (objects, signal) => {
        say(`reads ${objects.length}`);
        return source.read(objects, signal);
      },
      close: () => source.close(),
    };
  },
});

/**
 * `hvql serve` as it is built, over a source that says on standard error how often it is read: "lists" and "reads", the
 * process and what was asked for.
 * JavaScript, which Node runs without a compiler in each of the processes.
 */
import { pino } from 'pino';

const built = (path) => import(new URL(`../../dist/${path}`, import.meta.url).href);
const { serveWithWorkers } = await built('cli/workers/primary.js');
const { parseCommand } = await built('cli/settings/settings.js');
const { systemWait } = await built('cli/command-context.js');
const { systemClock } = await built('snapshot/moment.js');
const { openSource } = await built('source/sources.js');

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
    const say = (what) => process.stderr.write(`${what} ${process.pid}\n`);
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

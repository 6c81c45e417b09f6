/**
 * `hvql serve` as it is built, over pages in memory. Run as `hvql-process.ts <page folder> <flags of serve …>`, with
 * the secret in the environment.
 */
import { pino } from 'pino';
import { endWithParent } from './announce.ts';
import { built } from './built.ts';
import { readHost } from './host.ts';
import { memorySource } from './memory-source.ts';

await built('cli/node-env.js');
const { serveWithWorkers } = await built('cli/workers/primary.js');
const { limitHeap } = await built('cli/heap.js');
const { parseCommand } = await built('cli/settings/settings.js');
const { systemWait } = await built('cli/command-context.js');
const { systemClock } = await built('snapshot/moment.js');

limitHeap();
const [folder = '', ...flags] = process.argv.slice(2);
const command = parseCommand(['serve', ...flags], process.env);
if (command.name !== 'serve') throw new TypeError('serve is another command');
const host = await readHost(folder);
const controller = new AbortController();
process.once('SIGTERM', () => controller.abort());
endWithParent();
process.exitCode = await serveWithWorkers(command.settings, {
  clock: systemClock,
  wait: systemWait,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: controller.signal,
  platform: process.platform,
  onReopen: () => () => undefined,
  log: pino({ level: command.settings.logLevel }, pino.destination({ dest: 2, sync: true })),
  openSource: (_text, { clock }) => memorySource(host, clock),
});
if (process.connected) process.disconnect();

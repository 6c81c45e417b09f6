/**
 * C: this very schema as one serves it first, graphql-js through Yoga with its defaults. The identity is verified at each
 * request; operations are planned, because only a plan reads snapshots. Run as `yoga-process.ts <page folder>`, with the
 * secret in the environment.
 */
import { createServer } from 'node:http';
import { createYoga, type Plugin } from 'graphql-yoga';
import { pino } from 'pino';
import type { ExecutionContext } from '../../src/execution/execute.ts';
import { announce } from './announce.ts';
import { built } from './built.ts';
import { readHost } from './host.ts';
import { memorySource } from './memory-source.ts';

const { createSchema } = await built('graph/schema.js');
const { executeOperation, operationContext } = await built('execution/execute.js');
const { Sampler } = await built('sampling/sampler.js');
const { openIdentity } = await built('server/auth/identity.js');
const { parseCommand } = await built('cli/settings/settings.js');
const { limitsOf } = await built('cli/commands/service-limit.js');
const { systemClock } = await built('snapshot/moment.js');

const command = parseCommand(['serve'], process.env);
if (command.name !== 'serve' || command.settings.identity === null) throw new TypeError('needs a secret');
const { settings } = command;
const identity = await openIdentity(command.settings.identity, {
  log: pino({ level: 'silent' }),
  now: Date.now,
});
const source = await memorySource(await readHost(process.argv[2] ?? ''), systemClock);
const sampler = new Sampler({ source, clock: systemClock, timeoutMilliseconds: settings.sourceTimeout });
const service = {
  version: '',
  host: 'local',
  limits: limitsOf(settings),
  introspection: settings.introspection,
  health: () => sampler.health,
};

const planned: Plugin = { onExecute: ({ setExecuteFn }) => setExecuteFn(executeOperation) };
const yoga = createYoga({
  schema: createSchema(),
  context: async ({ request }): Promise<ExecutionContext> => {
    const { caller } = await identity.authenticate(request.headers.get('authorization'));
    const context = operationContext({ sampler, service }, { caller, signal: request.signal });
    // Yoga copies what a context has itself, without getters of its class.
    const { operation, deadline, reader } = context;
    return { ...context, operation, deadline, reader };
  },
  plugins: [planned],
});
// eslint-disable-next-line @typescript-eslint/no-misused-promises -- Yoga is a request listener as it stands.
announce(createServer(yoga));

/** The service's graph over a source, in this process: without a server, a port or a token. */
import { GraphQLError, parse, type ExecutionArgs, type ExecutionResult } from 'graphql';
import { allPrivileges } from '../../../access/caller.ts';
import { executeOperation, operationContext, type ServiceContext } from '../../../execution/execute.ts';
import { LiveOperations } from '../../../execution/live/live-operations.ts';
import { createSchema } from '../../../graph/schema.ts';
import { HvqlError } from '../../../errors.ts';
import { Sampler } from '../../../sampling/sampler.ts';
import { defaultHostName } from '../../../snapshot/host-name.ts';
import { writtenDataOf } from '../../../writer/written-data.ts';
import type { Clock } from '../../../snapshot/moment.ts';
import { openSource } from '../../../source/sources.ts';
import { limitsOf } from '../../commands/service-limit.ts';
import { packageVersion } from '../../package.ts';
import { parseCommand, type ServeSettings } from '../../settings/settings.ts';
import type { GraphLink, Watcher } from './graph-link.ts';

/** The source to open. */
export interface LocalOptions {
  readonly source: string;
  readonly names: string | null;
  readonly hostName: string | null;
  readonly clock: Clock;
  /** As `process.platform` has it. */
  readonly platform: string;
  /** How long readings are held for changes. */
  readonly heldMilliseconds: number;
}

/** Opens the source, with the root partition as the caller: a process that can open a source can read all of it. */
export async function openLocalLink(options: LocalOptions): Promise<GraphLink> {
  const { clock, names, platform, hostName, heldMilliseconds } = options;
  const settings = serveDefaults();
  const source = await openSource(options.source, { clock, names, platform });
  const sampler = new Sampler({
    source,
    clock,
    timeoutMilliseconds: settings.sourceTimeout,
    shareMilliseconds: settings.snapshotMaxAge,
    holding: {
      maximumAgeMilliseconds: heldMilliseconds,
      maximumBytes: settings.historyBytes,
      historyMilliseconds: heldMilliseconds,
    },
  });
  const service = {
    version: packageVersion(),
    host: hostName ?? source.host ?? defaultHostName,
    limits: limitsOf(settings),
    introspection: 'on',
    health: () => sampler.health,
  } as const;
  const operations: ServiceContext = { sampler, service };
  const live = new LiveOperations(operations);
  const schema = createSchema();
  const caller = { partitionId: 'root', privileges: new Set(allPrivileges) } as const;
  const argumentsFor = (text: string, signal: AbortSignal): ExecutionArgs => ({
    schema,
    document: parse(text),
    contextValue: operationContext(operations, { caller, signal }),
  });
  return {
    title: source.description,
    query: async (text, signal = new AbortController().signal) =>
      inObjects(await executeOperation(argumentsFor(text, signal))),
    watch: (text, watcher) => {
      const stopped = new AbortController();
      const stream = live.subscribe(argumentsFor(text, stopped.signal));
      void pass(stream, { watcher, signal: stopped.signal });
      return () => {
        stopped.abort();
        // If it was still being opened, it rejects with the reason, which `pass` reports, and there is nothing to close.
        stream.then(
          (opened) => ('return' in opened ? opened.return() : undefined),
          () => undefined,
        );
      };
    },
    close: async () => {
      live.close();
      await source.close();
    },
  };
}

/** Passes the events to the watcher until the stream ends or is stopped. */
async function pass(
  opening: ReturnType<LiveOperations['subscribe']>,
  { watcher, signal }: { readonly watcher: Watcher; readonly signal: AbortSignal },
): Promise<void> {
  try {
    const stream = await opening;
    if (!(Symbol.asyncIterator in stream)) {
      if (!signal.aborted) watcher.next(stream);
      return;
    }
    for await (const event of stream) {
      if (signal.aborted) return;
      watcher.next(inObjects(event));
    }
    if (!signal.aborted) watcher.ended();
  } catch (thrown) {
    if (!signal.aborted) watcher.next(failed(thrown));
  }
}

/** The data as objects. The service writes bytes: writing and parsing them is faster than creating objects with graphql-js. */
function inObjects(result: ExecutionResult): ExecutionResult {
  const written = writtenDataOf(result);
  return written === null ? result : { ...result, data: written.toJSON() as Record<string, unknown> };
}

/** Errors of the source become part of the response, as from a server. */
function failed(thrown: unknown): ExecutionResult {
  if (!(thrown instanceof HvqlError)) throw thrown;
  return { errors: [new GraphQLError(thrown.message, { originalError: thrown })] };
}

/** The default settings of a service. */
function serveDefaults(): ServeSettings {
  const command = parseCommand(['serve'], {});
  if (command.name !== 'serve') throw new TypeError('"serve" was read as another command');
  return command.settings;
}

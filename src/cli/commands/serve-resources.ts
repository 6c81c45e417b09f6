/** What `serve` is given, and what it opens before it starts: all at once, so that all problems are told together. */
import type { Logger } from 'pino';
import { messageOf, UsageError } from '../../errors.ts';
import type { AcquireLease } from '../../execution/live/subscription-leases.ts';
import type { AbsenceReport } from '../../sampling/guard/absences.ts';
import { openIdentity } from '../../server/auth/identity.ts';
import { checkGuestSockets } from '../../server/guest-socket/guest-sockets.ts';
import type { GraphiqlToken } from '../../server/http/graphiql-page.ts';
import { readTls, type TlsSettings } from '../../server/http/tls.ts';
import type { RunningServer } from '../../server/server.ts';
import type { ManifestMemory } from '../../source/page-folder/manifest.ts';
import { openSource } from '../../source/sources.ts';
import type { CommandContext } from '../command-context.ts';
import type { ServeSettings } from '../settings/settings.ts';
import { openAuditFile } from './audit-file.ts';
import { openOperations } from './operations.ts';
import { loadPlugins } from './plugin.ts';

/** What `serve` is given of the world around it. */
export interface ServeContext extends CommandContext {
  readonly log: Logger;
  /** As `process.platform` has it. */
  readonly platform: string;
  /** Descriptor of a socket that is bound already, in place of the settings' host and port. */
  readonly passedSocket?: number | null;
  /** Opens what `--source` names; given where that is none of the kinds that the program knows. */
  readonly openSource?: typeof openSource;
  /** What development tokens are signed with; given where other processes are to take them too. */
  readonly developmentSecret?: Uint8Array;
  /** Given where the streams of other processes count with the service's own. */
  readonly acquireLease?: AcquireLease;
  /** Given where other processes of the service read the same source: what one sees to be absent is so for all. */
  readonly absences?: {
    readonly report: (report: AbsenceReport) => void;
    /** Calls back with what another process has seen; gives a function that ends it. */
    readonly onReport: (note: (report: AbsenceReport) => void) => () => void;
  };
  /** Given where other processes of the service read the same page folder. */
  readonly manifestMemory?: ManifestMemory;
  /** Told where the service is once it listens; prints it where nothing else is given. */
  readonly announce?: (started: Announced) => void;
}

/** What is said of a service that listens. */
export interface Announced {
  readonly url: string;
  readonly tokens: readonly GraphiqlToken[] | null;
  readonly source: string;
  /** How many documents there are where no others are answered. */
  readonly documents: number | undefined;
  readonly workers?: number;
}

/** What `openResources` has opened. */
export type ServeResources = Awaited<ReturnType<typeof openResources>>;
/** The settings, and the context in which they hold. */
export interface ServeOptions {
  readonly settings: ServeSettings;
  readonly world: ServeContext;
}

/** All that may be wrong with what the settings name is found here, and told at once. */
export async function openResources(settings: ServeSettings, world: ServeContext) {
  const { clock, log, platform, manifestMemory } = world;
  const now = (): number => clock.now().wallMilliseconds;
  const [source, identity, allowedDocuments, tls, audit, plugins] = await openAll(
    (world.openSource ?? openSource)(settings.source, {
      clock,
      names: settings.names,
      log,
      platform,
      manifestMemory,
    }),
    whereSet(settings.identity, (identitySettings) => openIdentity(identitySettings, { log, now })),
    whereSet(settings.operations, openOperations),
    whereSet(settings.tls, readTls),
    whereSet(settings.audit, (path) => openAuditFile(path, log)),
    loadPlugins(settings.plugin),
    checkGuestSockets(settings.guestSocket, platform),
  );
  return { source, identity, allowedDocuments, tls, audit, plugins, now };
}

/** null where there is no such setting. */
async function whereSet<Value, Resource>(
  setting: Value | null,
  open: (value: Value) => Resource | Promise<Resource>,
): Promise<Resource | null> {
  return setting === null ? null : open(setting);
}

/** What they come to, in their order. */
type Opened<Things extends readonly Promise<unknown>[]> = {
  -readonly [N in keyof Things]: Awaited<Things[N]>;
};

/**
 * Waits for all. Rejects with one UsageError that has the problems of all, or with whatever else went wrong; then those
 * that could be opened and want to be closed are.
 */
export async function openAll<Things extends readonly Promise<unknown>[]>(
  ...things: Things
): Promise<Opened<Things>> {
  const ends = await Promise.allSettled(things);
  const reasons = ends.flatMap((end): unknown[] => (end.status === 'rejected' ? [end.reason] : []));
  if (reasons.length === 0) return Promise.all(things);
  for (const end of ends) if (end.status === 'fulfilled' && isClosable(end.value)) await end.value.close();
  const mistakes = reasons.filter((reason) => reason instanceof UsageError);
  if (mistakes.length === reasons.length) throw new UsageError(mistakes.flatMap(({ problems }) => problems));
  throw reasons.find((reason) => !(reason instanceof UsageError));
}

function isClosable(thing: unknown): thing is { close(): Promise<void> } {
  return typeof thing === 'object' && thing !== null && 'close' in thing && typeof thing.close === 'function';
}

/**
 * A function that reads the files of TLS again, and has the server show what they hold now. Where they are of no use,
 * the log says why, and all stays as it was. Calls wait for each other.
 */
export function tlsRenewer(
  server: Pick<RunningServer, 'renewTls'>,
  { settings, log }: { readonly settings: TlsSettings; readonly log: Logger },
): () => Promise<void> {
  let last = Promise.resolve();
  const renew = async (): Promise<void> => {
    try {
      server.renewTls(await readTls(settings));
      log.info('the certificates have been read again');
    } catch (thrown) {
      const problems = thrown instanceof UsageError ? thrown.problems : [messageOf(thrown)];
      log.error({ problems }, 'the certificates stay as they were');
    }
  };
  return () => {
    last = last.then(renew);
    return last;
  };
}

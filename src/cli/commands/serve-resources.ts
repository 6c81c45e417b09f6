/** The context of `serve`, and the resources that it opens concurrently, so that all problems are reported together. */
import type { Logger } from 'pino';
import { Revocations } from '../../revocation/revocations.ts';
import { UsageError } from '../../errors.ts';
import type { AcquireLease } from '../../execution/live/subscription-leases.ts';
import type { ValueReport } from '../../limits/value-budget.ts';
import type { AbsenceReport } from '../../sampling/guard/absences.ts';
import type { HealthReport } from '../../metrics/service-health.ts';
import { openDelegated } from '../../fleet/delegated-token.ts';
import type { LoopHold } from '../../sampling/schedule/loop-holds.ts';
import { openIdentity } from '../../server/auth/identity.ts';
import { checkGuestSockets } from '../../server/guest-socket/guest-sockets.ts';
import type { GraphiqlToken } from '../../server/http/graphiql-page.ts';
import { readTls } from '../../server/http/tls.ts';
import type { ManifestMemory } from '../../source/page-folder/manifest.ts';
import { defaultHostName } from '../../snapshot/host-name.ts';
import { wallClockOf } from '../../snapshot/moment.ts';
import { openSource } from '../../source/sources.ts';
import type { CommandContext } from '../command-context.ts';
import type { ServeSettings } from '../settings/settings.ts';
import { openAuditFile } from './audit-file.ts';
import { openDashboard } from './dashboard-files.ts';
import { credentialPaths, fileStates, readRevocationList } from './credential-files.ts';
import { openOperations } from './operations.ts';
import { loadPlugins } from './plugin.ts';

/** The context of `serve`, in addition to its settings. */
export interface ServeContext extends CommandContext {
  readonly log: Logger;
  /** As `process.platform` has it. */
  readonly platform: string;
  /** Descriptor of a bound socket, instead of the settings' host and port. */
  readonly passedSocket?: number | null;
  /** Opens the source of `--source`, instead of the built-in kinds. */
  readonly openSource?: typeof openSource;
  /** The key of development tokens; given if other processes accept them too. */
  readonly developmentSecret?: Uint8Array;
  /** Given if the streams of other processes and of this one have a common limit. */
  readonly acquireLease?: AcquireLease;
  /** Given if other processes of the service read the same source, so that objects absent for one are absent for all. */
  readonly absences?: {
    readonly report: (report: AbsenceReport) => void;
    /** Calls back with objects that another process has found absent; returns a function that stops this. */
    readonly onReport: (note: (report: AbsenceReport) => void) => () => void;
  };
  /** Whether another process keeps the history of the source, and records it. */
  readonly isPastKept?: boolean;
  /** Given if other processes serve the same callers, whose budgets apply to all processes together. */
  readonly shareBudgets?: {
    readonly report: (report: ValueReport) => void;
    /** Calls back with the usage of callers in another process. */
    readonly onReport: (note: (report: ValueReport) => void) => void;
  };
  /** Given if other processes serve too: the health metrics of all of them. */
  readonly healthOfAll?: {
    readonly collect: () => Promise<HealthReport>;
    /** Calls back for the metrics of this process. */
    readonly onRequest: (report: () => Promise<HealthReport>) => void;
  };
  /** Whether it joins the fleet of its settings: one process of a service does. @default true */
  readonly joinsFleet?: boolean;
  /** Given if other processes of the service read the same page folder. */
  readonly manifestMemory?: ManifestMemory;
  /** Called after an operation has blocked the event loop for a long time. */
  readonly onHold?: (hold: LoopHold) => void;
  /** Called once the service listens; prints the address by default. */
  readonly announce?: (started: Announced) => void;
}

/** The facts about a listening service that are announced. */
export interface Announced {
  readonly url: string;
  readonly tokens: readonly GraphiqlToken[] | null;
  readonly source: string;
  /** How many documents are allowed; undefined if all are. */
  readonly documents: number | undefined;
  readonly workers?: number;
}

/** The resources that `openResources` has opened. */
export type ServeResources = Awaited<ReturnType<typeof openResources>>;
/** The settings and their context. */
export interface ServeOptions {
  readonly settings: ServeSettings;
  readonly context: ServeContext;
}

/** Opens what the settings name. Rejects with one UsageError that has every problem. */
export async function openResources(settings: ServeSettings, context: ServeContext) {
  const { clock, log, platform, manifestMemory } = context;
  const now = wallClockOf(clock);
  let host = settings.hostName ?? defaultHostName;
  const revocations = new Revocations();
  const { keys, gatewayKeys, revoked, tls: tlsPaths } = credentialPaths(settings);
  // Taken before the files are read, so that changes during reading cause a reload.
  const credentialStates = await fileStates([...keys, ...gatewayKeys, ...revoked, ...tlsPaths]);
  const [source, identity, allowedDocuments, tls, audit, plugins, list, delegated, , dashboard] =
    await openAll(
      (context.openSource ?? openSource)(settings.source, {
        clock,
        names: settings.names,
        log,
        platform,
        manifestMemory,
      }),
      whereSet(settings.identity, (identitySettings) =>
        openIdentity(identitySettings, {
          log,
          now,
          revocations,
          hostName: () => host,
          requiresHost: settings.fleet !== null,
        }),
      ),
      whereSet(settings.operations, openOperations),
      whereSet(settings.tls, readTls),
      whereSet(settings.audit, (path) => openAuditFile(path, log)),
      loadPlugins(settings.plugin),
      whereSet(settings.revoked, readRevocationList),
      whereSet(settings.fleet, (fleet) => openDelegated({ ...fleet, log, now, revocations })),
      checkGuestSockets(settings.guestSocket, platform),
      settings.dashboard ? openDashboard('host') : Promise.resolve(null),
    );
  host = settings.hostName ?? source.host ?? host;
  if (list !== null) revocations.replace(list);
  return {
    source,
    host,
    identity,
    allowedDocuments,
    tls,
    audit,
    plugins,
    delegated,
    now,
    revocations,
    credentialStates,
    dashboard,
  };
}

/** null if the setting is not given. */
export async function whereSet<Value, Resource>(
  setting: Value | null,
  open: (value: Value) => Resource | Promise<Resource>,
): Promise<Resource | null> {
  return setting === null ? null : open(setting);
}

/** The results of promises, in their order. */
type Opened<Things extends readonly Promise<unknown>[]> = {
  -readonly [N in keyof Things]: Awaited<Things[N]>;
};

/**
 * Waits for all. Rejects with one UsageError with all problems, or with the first other error, after closing the resources
 * that were opened.
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

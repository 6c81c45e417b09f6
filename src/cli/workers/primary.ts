/** `hvql serve --workers`: several processes behind one port, and the primary that starts and supervises them. */
import cluster from 'node:cluster';
import { randomBytes } from 'node:crypto';
import { KeptPast } from '../../sampling/kept-past.ts';
import { SubscriptionLeases } from '../../execution/live/subscription-leases.ts';
import { shareReads } from '../../source/ipc/share-reads.ts';
import { recordHistory } from '../../sampling/schedule/history-recorder.ts';
import type { ObjectName } from '../../snapshot/object-name.ts';
import { ManifestMemory } from '../../source/page-folder/manifest.ts';
import { serveSource } from '../../source/ipc/source-server.ts';
import { WorkerPool } from './worker-pool.ts';
import { AuditRotation } from '../commands/audit-rotation.ts';
import { credentialPaths } from '../commands/credential-files.ts';
import { openResources, type ServeContext } from '../commands/serve-resources.ts';
import { openHealth } from '../commands/health.ts';
import { announceOn, serve, untilAborted } from '../commands/serve.ts';
import { holdingOf, limitsOf } from '../commands/service-limit.ts';
import type { ServeSettings } from '../settings/settings.ts';
import { serveAsWorker } from './worker.ts';

/**
 * Sources that every process reads itself: files, which the kernel caches for all processes. Other sources are expensive
 * to read, or would be another simulated machine or another position in a capture in each process.
 */
const kindsReadByEachWorker = ['pages'];

/** Serves with the number of processes in the settings. In a process that the primary has started, runs as a worker. */
export async function serveWithWorkers(settings: ServeSettings, context: ServeContext): Promise<number> {
  if (cluster.isWorker) return serveAsWorker(settings, context);
  return settings.workers === 1 ? serve(settings, context) : servePrimary(settings, context);
}

/** Opens the shared resources, and keeps the workers running until the signal is aborted. */
async function servePrimary(settings: ServeSettings, context: ServeContext): Promise<number> {
  const { log, signal } = context;
  // Problems of the settings are reported here, once; each worker opens its own resources.
  const manifestMemory = new ManifestMemory();
  const { source, audit, identity, allowedDocuments } = await openResources(settings, {
    ...context,
    manifestMemory,
  });
  identity?.close();
  await audit?.close();
  try {
    const isReadByEach = kindsReadByEachWorker.includes(source.kind);
    const { clock } = context;
    const kept = new KeptPast(source, { clock, holding: holdingOf(settings) });
    const shared = shareReads(kept, { clock, windowMilliseconds: settings.snapshotMaxAge });
    const { kind, description, host = null } = source;
    const recorderOptions = {
      everyMilliseconds: settings.historyEvery ?? 0,
      clock,
      topology: (limited: AbortSignal) => shared.topology(limited),
      read: (objects: readonly ObjectName[], limited: AbortSignal) => shared.read(objects, limited),
      onError: (err: unknown) => log.error({ err }, 'the history could not be recorded'),
    };
    const pool = new WorkerPool({
      count: settings.workers,
      task: {
        port: settings.port,
        developmentSecret: randomBytes(32).toString('base64'),
        source: isReadByEach ? null : { kind, description, host },
      },
      leases: new SubscriptionLeases(limitsOf(settings)),
      manifestMemory,
      answerFor: (channel) => serveSource(shared, channel, kept),
      onAbsence: (report) => kept.noteAbsence(report),
      log,
    });
    try {
      if (settings.historyEvery !== null) void recordHistory(recorderOptions, signal);
      const ended = untilAborted(signal);
      const serving = await Promise.race([pool.start(), ended]);
      if (serving === undefined) return 0;
      const health = await openHealth(settings, { log, report: () => pool.collectHealth() });
      const isReopened = settings.audit !== null || credentialPaths(settings).isAny;
      const ignoreReopen = isReopened ? context.onReopen(() => pool.reopen()) : () => undefined;
      const rotation =
        settings.audit === null
          ? null
          : new AuditRotation(settings.audit, { size: settings.auditSize, audit: null, log });
      announceOn(context)({
        ...serving,
        source: description,
        documents: allowedDocuments?.length,
        workers: settings.workers,
      });
      await Promise.race([ended, pool.failed()]);
      log.info('closing');
      await health?.close();
      rotation?.close();
      ignoreReopen();
    } finally {
      await pool.close();
    }
  } finally {
    await source.close();
  }
  return 0;
}

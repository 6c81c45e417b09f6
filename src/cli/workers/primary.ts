/** `hvql serve --workers`: several processes behind one port, and this one that looks after them. */
import cluster from 'node:cluster';
import { randomBytes } from 'node:crypto';
import { SubscriptionLeases } from '../../execution/live/subscription-leases.ts';
import { shareReads } from '../../source/ipc/share-reads.ts';
import { ManifestMemory } from '../../source/page-folder/manifest.ts';
import { serveSource } from '../../source/ipc/source-server.ts';
import { WorkerPool } from './worker-pool.ts';
import { openResources, type ServeContext } from '../commands/serve-resources.ts';
import { announceOn, serve, untilAborted } from '../commands/serve.ts';
import { limitsOf } from '../commands/service-limit.ts';
import type { ServeSettings } from '../settings/settings.ts';
import { serveAsWorker } from './worker.ts';

/**
 * Sources that every process reads itself: files, which the kernel shares. Others are dear to read, or would be another
 * machine in each process, or play at a moment of its own.
 */
const kindsReadByEachWorker = ['pages'];

/** Serves, in as many processes as the settings say. In one that the primary has begun it is one of them. */
export async function serveWithWorkers(settings: ServeSettings, world: ServeContext): Promise<number> {
  if (cluster.isWorker) return serveAsWorker(settings, world);
  return settings.workers === 1 ? serve(settings, world) : servePrimary(settings, world);
}

/** Opens what all workers share, and sees to it that there are so many of them until the signal is aborted. */
async function servePrimary(settings: ServeSettings, world: ServeContext): Promise<number> {
  const { log, signal } = world;
  // What is wrong with the settings is found here, and told once; the workers open what is theirs themselves.
  const manifestMemory = new ManifestMemory();
  const { source, audit, allowedDocuments } = await openResources(settings, { ...world, manifestMemory });
  await audit?.close();
  try {
    const isReadByEach = kindsReadByEachWorker.includes(source.kind);
    const shared = shareReads(source, { clock: world.clock, windowMilliseconds: settings.snapshotMaxAge });
    const { kind, description } = source;
    const pool = new WorkerPool({
      count: settings.workers,
      task: {
        port: settings.port,
        developmentSecret: randomBytes(32).toString('base64'),
        source: isReadByEach ? null : { kind, description },
      },
      leases: new SubscriptionLeases(limitsOf(settings)),
      manifestMemory,
      answerFor: (channel) => serveSource(shared, channel),
      log,
    });
    try {
      const ended = untilAborted(signal);
      const serving = await Promise.race([pool.start(), ended]);
      if (serving === undefined) return 0;
      const isReopened = settings.audit !== null || settings.tls !== null;
      const ignoreReopen = isReopened ? world.onReopen(() => pool.reopen()) : () => undefined;
      announceOn(world)({
        ...serving,
        source: description,
        documents: allowedDocuments?.length,
        workers: settings.workers,
      });
      await Promise.race([ended, pool.failed()]);
      log.info('closing');
      ignoreReopen();
    } finally {
      await pool.close();
    }
  } finally {
    await source.close();
  }
  return 0;
}

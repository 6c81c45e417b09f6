/** A worker: one of the processes that serve, started and ended by the primary. */
import type { Duplex } from 'node:stream';
import { ManifestMemory } from '../../source/page-folder/manifest.ts';
import { steadyClockOf } from '../../snapshot/moment.ts';
import { remoteSource } from '../../source/ipc/remote-source.ts';
import { sharePast } from '../../source/ipc/shared-past.ts';
import type { Source } from '../../source/source.ts';
import { openSource } from '../../source/sources.ts';
import type { ServeContext } from '../commands/serve-resources.ts';
import { serve } from '../commands/serve.ts';
import type { ServeSettings } from '../settings/settings.ts';
import { failureOf } from './worker-message.ts';
import { connectToPrimary } from './primary-connection.ts';

/** Serves until the primary or a signal ends it. Announces itself to the primary. */
export async function serveAsWorker(settings: ServeSettings, context: ServeContext): Promise<number> {
  const primary = await connectToPrimary();
  const { slot, port, source, developmentSecret, isManifestKnown } = primary.task;
  const manifestMemory = new ManifestMemory(isManifestKnown, () => primary.send({ kind: 'manifest' }));
  primary.onManifest(() => manifestMemory.noteFromOther());
  const ended = new AbortController();
  primary.onClose(() => ended.abort());
  const log = context.log.child({ worker: slot });
  // Guest sockets are files, which one process can listen on.
  const guestSocket = slot === 1 ? settings.guestSocket : [];
  try {
    return await serve(
      // The primary has the health listener for all workers, and renames the audit file.
      { ...settings, port, guestSocket, metricsListen: null, auditSize: null },
      {
        ...context,
        manifestMemory,
        joinsFleet: slot === 1,
        log,
        signal: AbortSignal.any([context.signal, ended.signal]),
        onReopen: (reopen) => primary.onReopen(reopen),
        openSource: async (named, tools) =>
          source === null
            ? openWithSharedPast(
                { open: context.openSource ?? openSource, channel: primary.sourceChannel },
                named,
                tools,
              )
            : remoteSource(primary.sourceChannel, source),
        isPastKept: true,
        developmentSecret: Buffer.from(developmentSecret, 'base64'),
        acquireLease: primary.acquireLease,
        healthOfAll: {
          collect: () => primary.collectHealth(),
          onRequest: (report) => primary.onHealthRequest(report),
        },
        absences: {
          report: (report) => primary.send({ kind: 'absent', report }),
          onReport: (note) => primary.onAbsence(note),
        },
        onHold: (hold) => primary.send({ kind: 'held', hold }),
        shareBudgets: {
          report: (report) => primary.send({ kind: 'values', report }),
          onReport: (note) => primary.onValues(note),
        },
        announce: ({ url, tokens }) => primary.send({ kind: 'serving', url, tokens }),
      },
    );
  } catch (thrown) {
    await flush(() => primary.send({ kind: 'failed', failure: failureOf(thrown) }));
    return 1;
  } finally {
    primary.sourceChannel.destroy();
    // Without the channel, the process exits.
    if (process.connected) process.disconnect();
  }
}

/** A source that this worker reads itself. The primary keeps the history of all workers. */
async function openWithSharedPast(
  { open, channel }: { readonly open: typeof openSource; readonly channel: Duplex },
  ...[named, tools]: Parameters<typeof openSource>
): Promise<Source> {
  const source = await open(named, tools);
  return sharePast(source, remoteSource(channel, source), steadyClockOf(tools.clock));
}

/** Waits until the message has been sent before the channel is closed. */
async function flush(tell: () => void): Promise<void> {
  tell();
  await new Promise((resolve) => setImmediate(resolve));
}

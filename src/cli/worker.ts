/** One of the processes that serve: told by the primary what to do, and when to end. */
import { ManifestMemory } from '../source/page-folder/manifest-memory.ts';
import { remoteSource } from '../source/ipc/remote-source.ts';
import { serve, type ServeWorld } from './serve.ts';
import type { ServeSettings } from './settings.ts';
import { failureOf } from './worker-failure.ts';
import { openLink } from './worker-link.ts';

/** Serves until the primary or a signal says that it is to end. What it says of its start goes to the primary. */
export async function work(settings: ServeSettings, world: ServeWorld): Promise<number> {
  const link = await openLink();
  const { place, port, source, developmentSecret, isManifestKnown } = link.task;
  const manifestMemory = new ManifestMemory(isManifestKnown, () => link.tell({ kind: 'manifest' }));
  link.onManifest(() => manifestMemory.noteFromOther());
  const ended = new AbortController();
  link.onClose(() => ended.abort());
  const log = world.log.child({ worker: place });
  // Sockets of guests are files, each of which one process can have.
  const guestSocket = place === 1 ? settings.guestSocket : [];
  try {
    return await serve(
      { ...settings, port, guestSocket },
      {
        ...world,
        manifestMemory,
        log,
        signal: AbortSignal.any([world.signal, ended.signal]),
        onReopen: (reopen) => link.onReopen(reopen),
        ...(source === null ? {} : { openSource: async () => remoteSource(link.sourceChannel, source) }),
        developmentSecret: Buffer.from(developmentSecret, 'base64'),
        acquireLease: link.acquireLease,
        absences: {
          report: (report) => link.tell({ kind: 'absent', report }),
          onReport: (note) => link.onAbsence(note),
        },
        announce: ({ url, tokens }) => link.tell({ kind: 'serving', url, tokens }),
      },
    );
  } catch (thrown) {
    await tellAll(() => link.tell({ kind: 'failed', failure: failureOf(thrown) }));
    return 1;
  } finally {
    link.sourceChannel.destroy();
    // Without the channel the process has nothing left to wait for.
    if (process.connected) process.disconnect();
  }
}

/** The message is on its way before the channel is closed. */
async function tellAll(tell: () => void): Promise<void> {
  tell();
  await new Promise((resolve) => setImmediate(resolve));
}

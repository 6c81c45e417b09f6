/** A source that this process reads itself, with a history that another process keeps for all processes. */
import type { ObjectName } from '../../snapshot/object-name.ts';
import type { Readings } from '../../snapshot/reading.ts';
import type { Source, SyncSource } from '../source.ts';
import type { RemoteSource } from './remote-source.ts';

/** How often the same list of objects is sent: as often as its readings are stored. */
const apartMilliseconds = 250;

/** The source, whose readings are sent to the process that keeps the past. */
export function sharePast(source: Source, remote: RemoteSource, now: () => number): Source {
  const sentAt = new WeakMap<readonly ObjectName[], number>();
  const share = (objects: readonly ObjectName[], readings: Readings): void => {
    if (objects.length === 0) return;
    const at = now();
    const last = sentAt.get(objects);
    if (last !== undefined && at - last < apartMilliseconds) return;
    sentAt.set(objects, at);
    remote.hold(objects, readings);
  };
  return {
    kind: source.kind,
    description: source.description,
    host: source.host ?? null,
    get unreadableLines() {
      return source.unreadableLines ?? null;
    },
    get areas() {
      return source.areas ?? null;
    },
    get held() {
      return remote.held ?? null;
    },
    topology: (signal, lists) => source.topology(signal, lists),
    async read(objects, signal) {
      const readings = await source.read(objects, signal);
      share(objects, readings);
      return readings;
    },
    past: (questions, options) => remote.past(questions, options),
    ...(source.sync === undefined ? {} : { sync: sharingSync(source.sync, share) }),
    async close() {
      await remote.close();
      await source.close();
    },
  };
}

function sharingSync(
  sync: SyncSource,
  share: (objects: readonly ObjectName[], readings: Readings) => void,
): SyncSource {
  return {
    topology: (lists) => sync.topology(lists),
    read(objects) {
      const readings = sync.read(objects);
      if (readings !== null) share(objects, readings);
      return readings;
    },
  };
}

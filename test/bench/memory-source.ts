/** Pages in memory as a source of the built program: what a mapped overlay page costs to read, which is next to nothing. */
import type { PageOrigin } from '../../src/page/decode.ts';
import type { Clock } from '../../src/snapshot/moment.ts';
import type { ObjectName } from '../../src/snapshot/object-name.ts';
import type { Readings } from '../../src/snapshot/reading.ts';
import type { Source } from '../../src/source/source.ts';
import { built } from './built.ts';
import type { HostInMemory } from './host.ts';

/** Opens it. Each reading is decoded again, over the very bytes. */
export async function memorySource({ topology, pages }: HostInMemory, clock: Clock): Promise<Source> {
  const { decodePage } = await built('page/decode.js');
  const { pagePlace } = await built('snapshot/object-name.js');
  const read = (objects: readonly ObjectName[]): Readings => {
    const outcomes = objects.map((name) => {
      const place = pagePlace(name);
      const bytes = pages.get(place);
      if (bytes === undefined) throw new Error(`there is no page ${place}`);
      const origin: PageOrigin = { object: name.object, place };
      return decodePage(bytes, origin);
    });
    return { at: clock.now(), outcomes };
  };
  return {
    // As pages are that are mapped from files: each worker has them itself.
    kind: 'pages',
    description: 'pages in memory',
    async topology(signal) {
      signal.throwIfAborted();
      return topology;
    },
    async read(objects, signal) {
      signal.throwIfAborted();
      return read(objects);
    },
    sync: { topology: () => topology, read },
    close: async () => {},
  };
}

/** Hand-written responses to exactly these three queries: no GraphQL, and no checks. */
import { closeSync, openSync, readSync } from 'node:fs';
import type { Counter } from '../../src/catalogue/counter.ts';
import type { HostInMemory } from './host.ts';
import { asked, bodyOf, workloadNamed, type QuestionName } from './workload.ts';

/** Returns the page at a path of the tree. */
export type PageOf = (place: string) => Uint8Array;

const pageSize = 4096;

/** Pages in memory. */
export function pagesInMemory({ pages }: HostInMemory): PageOf {
  return (place) => pages.get(place) ?? missing(place);
}

/** Pages that are read from their files each time, as the source `pages:` does. */
export function pagesInFiles(folder: string): PageOf {
  return (place) => {
    const bytes = new Uint8Array(pageSize);
    const file = openSync(`${folder}/${place}`, 'r');
    readSync(file, bytes, 0, pageSize, 0);
    closeSync(file);
    return bytes;
  };
}

/** By the body of the request: a function that decodes the pages each time and gives the answer as text. */
export function handWrittenAnswers(host: HostInMemory, pageOf: PageOf): ReadonlyMap<string, () => string> {
  const { logicalProcessors, partitions } = host.topology;
  const processorsWith = (counters: readonly Counter[]): object[] =>
    logicalProcessors.map((index) => ({
      index,
      counters: decode(pageOf(`lp/${index}/stats.page`), counters),
    }));
  const virtualWith = (partition: (typeof partitions)[number], counters: readonly Counter[]): object[] =>
    partition.virtualProcessors.map((index) => ({
      index,
      counters: decode(pageOf(`partition/${partition.id}/vp/${index}/stats.page`), counters),
    }));
  const wholePartitions = (of: typeof partitions): object => ({
    nodes: of.map((partition) => ({
      partitionId: partition.id.toString(),
      counters: decode(pageOf(`partition/${partition.id}/stats.page`), asked.L.partition),
      virtualProcessors: virtualWith(partition, asked.L.virtualProcessor),
    })),
  });
  const answers: Record<QuestionName, () => object> = {
    S: () => ({ logicalProcessors: processorsWith(asked.S.logicalProcessor) }),
    M: () => ({
      partitions: {
        nodes: partitions.slice(0, 16).map((partition) => ({
          partitionId: partition.id.toString(),
          virtualProcessors: virtualWith(partition, asked.M.virtualProcessor),
        })),
      },
    }),
    L: () => ({
      logicalProcessors: processorsWith(asked.L.logicalProcessor),
      front: wholePartitions(partitions.slice(0, 64)),
      rest: wholePartitions(partitions.slice(-64)),
    }),
  };
  return new Map(
    (['S', 'M', 'L'] as const).map((name) => [
      bodyOf(workloadNamed(name)),
      () => JSON.stringify({ data: { hypervisor: answers[name]() } }),
    ]),
  );
}

/** The counters of a page that is taken to be good. */
function decode(page: Uint8Array, counters: readonly Counter[]): Record<string, string | null> {
  const view = new DataView(page.buffer, page.byteOffset, pageSize);
  const groups: number[] = [];
  for (let at = 0; at < pageSize;) {
    const type = view.getUint16(at, true);
    if (type < 2) break;
    groups[type] = at;
    at += 8 + view.getUint16(at + 6, true);
  }
  const values: Record<string, string | null> = {};
  for (const { field, index, statisticsGroup } of counters) {
    const at = groups[statisticsGroup.id];
    values[field] = at === undefined ? null : view.getBigUint64(at + 8 * (index ?? 0), true).toString();
  }
  return values;
}

function missing(place: string): never {
  throw new Error(`there is no page ${place}`);
}

/** Every caller × every object: a subscription gets exactly what a query gets. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callers, expectedVerdict, openAccessHost, parents, type AccessHost } from './access-host.ts';
import { post } from './program.ts';
import { transports } from './watcher.ts';

let host: AccessHost;
beforeAll(async () => {
  host = await openAccessHost();
});
afterAll(() => host.close());

const partition = `{
  partitionId name isRoot parent { partitionId }
  counters { virtualProcessors gpaPages }
  virtualProcessors { index counters { hypercalls totalRunTime } page { bytes } }
  virtualProcessorTotals { of readable counters { hypervisorRunTime } }
  page { bytes }
}`;
const hypervisor = `{
  counters { totalPages }
  page { bytes }
  partitions { totalCount nodes ${partition} }
  partition(id: 13) { name }
  logicalProcessors { index counters { totalRunTime } }
  logicalProcessor(index: 0) { counters { totalRunTime } }
  logicalProcessorTotals { of readable counters { totalRunTime } }
  virtualProcessors(orderBy: { counter: HYPERCALLS, by: VALUE }, first: 3) { index partition { partitionId } }
}`;
/** 99 does not exist; null is the caller's own, asked for without an id. */
const targets = [...Object.keys(parents), '99', null];

/** The data, and why it is not more; where in the text of the question does not matter. */
function told({ data, errors = [] }: any, field: string): object {
  return {
    value: data?.[field] ?? null,
    errors: errors.map(({ message, path, extensions }: any) => ({ message, path, extensions })),
  };
}

describe.each(Object.entries(transports))('over %s,', (_name, watch) => {
  it.each(Object.entries(callers))(
    '%s gets the partitions that it may read, and no others',
    async (who, caller) => {
      const { url } = host.served;
      const token = host.tokens[who];
      const verdicts = await Promise.all(
        targets.map(async (id) => {
          const selector = id === null ? '' : `id: ${id}`;
          const bracketed = id === null ? '' : `(${selector})`;
          const asked = await post(url, { token, query: `{ partition${bracketed} ${partition} }` });
          const query = `subscription { partition(${selector} every: "1h") ${partition} }`;
          const watcher = watch({ url, token, query });
          const event = await watcher.event(0);
          expect(told(event, 'partition')).toEqual(told(asked, 'partition'));
          const isDenied = event.data === null;
          // A stream that has nothing to send, and never will, ends.
          if (isDenied) expect(await watcher.end()).toEqual({ kind: 'complete' });
          expect(watcher.ending === null).toBe(!isDenied);
          watcher.stop();
          const [error] = event.errors ?? [];
          const isAtRoot = error?.path.length === 1;
          return [
            id,
            isAtRoot ? [error.extensions.code, error.extensions.reason].filter(Boolean).join(' ') : 'read',
          ];
        }),
      );
      expect(verdicts).toEqual(targets.map((id) => [id, expectedVerdict(caller, id ?? caller.partition)]));
    },
  );

  it.each(Object.entries(callers))(
    '%s gets the hypervisor fields that it may read, and no others',
    async (who, caller) => {
      const { url } = host.served;
      const token = host.tokens[who];
      const asked = await post(url, { token, query: `{ hypervisor ${hypervisor} }` });
      const watcher = watch({
        url,
        token,
        query: `subscription { hypervisor(every: "200ms") ${hypervisor} }`,
      });
      // The second event is created by other code than the first.
      for (const event of [await watcher.event(0), await watcher.event(1)]) {
        expect(told(event, 'hypervisor')).toEqual(told(asked, 'hypervisor'));
      }
      expect(watcher.ending).toBeNull();
      watcher.stop();
      const { logicalProcessors, counters, partitions } = asked.data.hypervisor;
      expect([logicalProcessors !== null, counters !== null]).toEqual(
        caller.isGlobal === true ? [true, true] : [false, false],
      );
      expect(partitions.nodes.map(({ partitionId }: any) => partitionId)).toEqual(caller.readable);
    },
  );
});

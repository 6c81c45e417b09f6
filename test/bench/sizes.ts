/** The cost of queries and ticks on hosts of many sizes: the cost of one counter must not grow with the host. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openEventStream } from '../soak/raw-stream.ts';
import { table } from '../soak/table.ts';
import { medianOf } from './comparison-table.ts';
import { askOnce, onGround, tokenOnGround } from './comparison.ts';
import { contenderNamed } from './contender.ts';
import { processorMilliseconds } from './processor-time.ts';
import type { RunningServer } from './running-server.ts';
import { bodyOf, type HostSize } from './workload.ts';

/** How thorough it is. */
export interface SizesOptions {
  readonly isQuick: boolean;
  readonly tell: (what: string) => void;
}

interface Cost {
  /** Median of what a client waits. */
  readonly milliseconds: number;
  /** Of the service, on processors, for each. */
  readonly processorMilliseconds: number;
}

const host = (logicalProcessors: number, partitions: number): HostSize => ({
  logicalProcessors,
  partitions,
  virtualProcessors: 4,
});
const sizes: readonly HostSize[] = [
  host(1, 1),
  host(16, 1),
  host(128, 1),
  host(512, 1),
  host(16, 10),
  host(16, 100),
  host(16, 1_000),
];
const oneCounter = '{ partition(id: 1) { virtualProcessor(index: 0) { counters { totalRunTime } } } }';
const logicalProcessors = '{ hypervisor { logicalProcessors { index counters { totalRunTime } } } }';
const partitions =
  '{ hypervisor { partitions(first: 100) { nodes { partitionId virtualProcessors { index counters { totalRunTime } } } } } }';
/** After this time, an unchanged stamp of a folder means an unchanged folder. */
const settledMilliseconds = 2_500;
const everyMilliseconds = 100;
const live = (selection: string): string =>
  `subscription ${selection.replace(/(hypervisor|partition\()/, (name) =>
    name === 'hypervisor'
      ? `hypervisor(every: "${everyMilliseconds}ms")`
      : `${name}every: "${everyMilliseconds}ms", `,
  )}`;

/** One question after the other at each size, and a stream of ticks; gives the table. */
export async function sizesText({ isQuick, tell }: SizesOptions): Promise<string> {
  const rows: (string | number)[][] = [];
  const questions = isQuick ? 20 : 200;
  const ticks = isQuick ? 20 : 50;
  for (const size of sizes) {
    for (const key of ['hvql', 'hvql files']) {
      await onGround({ size, contenders: [contenderNamed(key)] }, async ([opponent]) => {
        if (opponent === undefined) return;
        const { server } = opponent;
        // What was written a moment ago is read again at each question; a host stands for longer.
        if (key === 'hvql files') await sleep(settledMilliseconds);
        const costs = [
          await askedOften(server, { query: oneCounter, questions }),
          await askedOften(server, { query: logicalProcessors, questions }),
          await askedOften(server, { query: partitions, questions }),
        ];
        const tickCosts = [
          await watched(server, { query: live(oneCounter), ticks }),
          await watched(server, { query: live(logicalProcessors), ticks }),
        ];
        const pages = key === 'hvql' ? 'memory' : 'files';
        rows.push([
          `${size.logicalProcessors} LP, ${size.partitions} × ${size.virtualProcessors} VP`,
          pages,
          ...costs.flatMap(({ milliseconds, processorMilliseconds: cpu }) => [
            fixed(milliseconds),
            fixed(cpu),
          ]),
          ...tickCosts.map(fixed),
        ]);
        tell(rows.at(-1)?.join('  ') ?? '');
      });
    }
  }
  const head = 'host,pages,counter,CPU,LP list,CPU,100 partitions,CPU,tick counter,tick LP list'.split(',');
  return [
    'Milliseconds: what a client waits that asks alone (median), and time on a processor for each question or tick, of',
    'one counter, of one counter of each logical processor, of one counter of each virtual processor of the first 100',
    `partitions. A tick is one of a stream of events every ${everyMilliseconds} ms.`,
    '',
    table([head, ...rows]),
    '',
  ].join('\n');
}

async function askedOften(
  server: RunningServer,
  { query, questions }: { query: string; questions: number },
): Promise<Cost> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${await tokenOnGround()}` };
  const request = { method: 'POST', headers, body: bodyOf({ query }) };
  const ask = async (): Promise<number> => {
    const began = performance.now();
    const response = await fetch(server.url, request);
    await response.arrayBuffer();
    return performance.now() - began;
  };
  await askOnce(server, query);
  for (let n = 0; n < questions; n++) await ask();
  const before = processorMilliseconds(server.pid);
  const waits: number[] = [];
  for (let n = 0; n < questions; n++) waits.push(await ask());
  const spent = processorMilliseconds(server.pid) - before;
  return { milliseconds: medianOf(waits) ?? NaN, processorMilliseconds: spent / questions };
}

/** Milliseconds on a processor for each tick. */
async function watched(
  { url, pid }: RunningServer,
  { query, ticks }: { query: string; ticks: number },
): Promise<number> {
  const token = await tokenOnGround();
  let events = 0;
  let [from, to] = [0, 0];
  const limit = AbortSignal.timeout(everyMilliseconds * ticks * 3 + 10_000);
  await new Promise<void>((resolve, reject) => {
    const request = { port: Number(new URL(url).port), token, query, localAddress: '127.0.0.1' };
    const socket = openEventStream(request, {
      event: (bytes) => {
        if (bytes.includes('"errors"')) reject(new Error(bytes.toString()));
        events += 1;
        // The first ones make plans, and are compiled.
        if (events === ticks / 2) from = processorMilliseconds(pid);
        if (events < ticks * 1.5) return;
        to = processorMilliseconds(pid);
        resolve();
        socket.destroy();
      },
      failed: (why) => reject(new Error(why)),
    });
    limit.addEventListener('abort', () => {
      reject(new Error('the events do not come'));
      socket.destroy();
    });
  });
  return (to - from) / ticks;
}

function fixed(milliseconds: number): string {
  return milliseconds.toFixed(2);
}

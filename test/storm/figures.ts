/** The resources of a service while it has no clients. */
import { readdirSync, readFileSync } from 'node:fs';
import { processFigures } from '../soak/process-figures.ts';
import { pause } from './kind.ts';
import type { StormedProcess } from './stormed-service.ts';

/** Figures of a service at rest. */
export interface Figures {
  /** Median of some samples, without garbage having been collected for it. */
  readonly residentKilobytes: number;
  readonly descriptors: number;
  readonly threads: number;
  /** From here on: after garbage was collected, through the inspector. */
  readonly collectedKilobytes: number;
  readonly heapKilobytes: number;
  /** Outside of the heap: buffers. */
  readonly bufferKilobytes: number;
  /** The resources that keep the event loop alive: names and numbers. */
  readonly resources: string;
}

const samples = 9;
const sampleMilliseconds = 300;
/** How long sockets of disconnected clients may take to close. */
const settlingMilliseconds = 60_000;
/** How long connections of clients that take nothing may stay, on a busy machine. */
const cutMilliseconds = 90_000;

/** Waits this long, and until the number of descriptors stays the same, and measures then. */
export async function figuresAtRest(service: StormedProcess, quietMilliseconds: number): Promise<Figures> {
  const { pid } = service;
  const never = new AbortController().signal;
  await pause(quietMilliseconds, never);
  await connectionsAreGone(service);
  const descriptors = await settledDescriptors(pid);
  const resident: number[] = [];
  for (let n = 0; n < samples; n += 1) {
    resident.push(processFigures(pid).residentKilobytes);
    await pause(sampleMilliseconds, never);
  }
  const threads = Number(/^Threads:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  const inside = await service.inspect(async (inspector) => {
    await inspector.collectGarbage();
    await inspector.collectGarbage();
    return inspector.evaluate<{ memory: NodeJS.MemoryUsage; resources: string[] }>(
      '({ memory: process.memoryUsage(), resources: process.getActiveResourcesInfo() })',
    );
  });
  return {
    residentKilobytes: resident.sort((a, b) => a - b)[Math.floor(samples / 2)] ?? NaN,
    descriptors,
    threads,
    collectedKilobytes: Math.round(inside.memory.rss / 1024),
    heapKilobytes: Math.round(inside.memory.heapUsed / 1024),
    bufferKilobytes: Math.round(inside.memory.external / 1024),
    resources: summary(inside.resources),
  };
}

/** Waits until the process has no connection, but not for ever: those that take nothing are cut after 30 s. */
async function connectionsAreGone(service: StormedProcess): Promise<void> {
  const giveUpAt = performance.now() + cutMilliseconds;
  const names = (): Promise<string[]> =>
    service.inspect((inspector) => inspector.evaluate<string[]>('process.getActiveResourcesInfo()'));
  while (performance.now() < giveUpAt && (await names()).includes('TCPSocketWrap'))
    await pause(1_000, new AbortController().signal);
}

async function settledDescriptors(pid: number): Promise<number> {
  const count = (): number => readdirSync(`/proc/${pid}/fd`).length;
  let [least, unchanged] = [count(), 0];
  for (
    const giveUpAt = performance.now() + settlingMilliseconds;
    performance.now() < giveUpAt && unchanged < 6;
  ) {
    await pause(500, new AbortController().signal);
    const now = count();
    unchanged = now < least ? 0 : unchanged + 1;
    least = Math.min(least, now);
  }
  return count();
}

function summary(resources: readonly string[]): string {
  const counts = new Map<string, number>();
  // Requests to the file system are over in a moment: files of certificates are looked at every few seconds.
  for (const name of resources) if (!name.startsWith('FSReq')) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
}

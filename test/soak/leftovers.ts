/** The resources of a process once no client is connected. */

/** Counts of resources that may leak. */
export interface Leftovers {
  readonly timers: number;
  readonly sockets: number;
  readonly servers: number;
  /** Names of other things that keep the process alive. */
  readonly others: readonly string[];
  readonly listeners: number;
  readonly heapBytes: number;
  /** Outside of the heap. */
  readonly bufferBytes: number;
}

/** Sockets, and timers that wait for their end, take some time. */
const settlingLimitMilliseconds = 8_000;

/** Waits until the counts stop falling, collects garbage if --expose-gc is set, and counts. */
export async function leftBehind(): Promise<Leftovers> {
  const giveUpAt = performance.now() + settlingLimitMilliseconds;
  for (let last = ''; performance.now() < giveUpAt;) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    const now = process.getActiveResourcesInfo().sort().join();
    if (now === last && !/Timeout|TCPSocketWrap/.test(now)) break;
    last = now;
  }
  for (let n = 0; n < 4; n += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const resources = process.getActiveResourcesInfo();
  const count = (name: string): number => resources.filter((resource) => resource === name).length;
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return {
    timers: count('Timeout'),
    sockets: count('TCPSocketWrap'),
    servers: count('TCPServerWrap'),
    others: resources.filter((name) => !/^(?:Timeout|TCPSocketWrap|TCPServerWrap)$/.test(name)).sort(),
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
    heapBytes: heapUsed,
    bufferBytes: Math.max(external, arrayBuffers),
  };
}

/** How much garbage the process may keep beside what it needs. */
import { setFlagsFromString } from 'node:v8';

/** What the old generation may grow by before it is collected, in percent of what was left the last time. */
const growthPercent = 25;

/**
 * Keeps the heap close to what is alive in it. V8 lets a heap grow to twice that and more, and does not come back to it
 * while little is allocated: after ten thousand streams had come, each took 27 KB for good, where 16 do.
 *
 * And it puts among what is old at once what, made at the same place, was alive when it last collected what is young. Of
 * events that are there until the next one that is nearly all: a second later they are garbage, which stays until all
 * of the heap is collected, and the tick that this falls into is late.
 */
export function limitHeap(): void {
  setFlagsFromString(`--heap-growing-percent=${growthPercent}`);
  setFlagsFromString('--no-allocation-site-pretenuring');
}

/** Limits the garbage that V8 keeps. */
import { setFlagsFromString } from 'node:v8';

/** What the old generation may grow by before it is collected, in percent of what was left the last time. */
const growthPercent = 25;

/**
 * Keeps the heap close to the size of the live objects in it. By default V8 lets a heap grow to twice that and more, and
 * does not shrink it while little is allocated: after ten thousand streams had opened, each kept 27 KB where 16 suffice.
 *
 * V8 also allocates in the old generation at once what comes from a place whose objects survived the last collection of
 * the young one. Events live until the next event, so nearly all of them did: a second later they are garbage that stays
 * until a full collection, which delays the tick that it falls into.
 */
export function limitHeap(): void {
  setFlagsFromString(`--heap-growing-percent=${growthPercent}`);
  setFlagsFromString('--no-allocation-site-pretenuring');
}

/** What the old generation of a program that reads again and again may grow by, in percent. */
const rareGrowthPercent = 100;

/**
 * Lets the heap grow to twice what is alive, and no further: `hvql top` holds a few megabytes of readings for some seconds,
 * and V8, which sees that it does little else, would collect all of the heap every other second to free them.
 */
export function collectRarely(): void {
  setFlagsFromString(`--heap-growing-percent=${rareGrowthPercent}`);
  setFlagsFromString('--no-allocation-site-pretenuring');
}

/** By what V8 multiplies the size of the young generation when much of it survives (flag-definitions.h). */
const youngGrowthFactor = 2;

/**
 * Keeps the young generation as small as it is until the service has started: nearly all of what is loaded meanwhile
 * stays, so V8 would double it several times, to 10 MB that an idle service does not need.
 */
export function holdYoungGeneration(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

/** Lets the young generation grow with the load. */
export function releaseYoungGeneration(): void {
  setFlagsFromString(`--semi-space-growth-factor=${youngGrowthFactor}`);
}

/** Limits the garbage that V8 keeps. */
import { setFlagsFromString } from 'node:v8';

/** The growth of the old generation before it is collected, in percent of its size after the last collection. */
const growthPercent = 25;

/**
 * Keeps the heap close to the size of its live objects. By default V8 lets a heap grow to twice that size and more, and
 * does not shrink it while little is allocated: after ten thousand streams had opened, each took 27 KB instead of 16.
 *
 * V8 also allocates objects directly in the old generation if earlier objects from the same allocation site survived a
 * collection of the young one. Events live until the next event, so nearly all of them do. A second later they are garbage
 * that stays until a full collection, which delays the current tick.
 */
export function limitHeap(): void {
  setFlagsFromString(`--heap-growing-percent=${growthPercent}`);
  setFlagsFromString('--no-allocation-site-pretenuring');
}

/** The growth of the old generation of a program that reads repeatedly, in percent. */
const rareGrowthPercent = 100;

/** How long a program must be idle before V8's memory reducer starts: 11 days. --no-memory-reducer has no effect after startup. */
const reducerDelayMilliseconds = 1_000_000_000;

/**
 * Lets the heap grow to at most twice the live size: `hvql top` holds a few megabytes of readings for some seconds, and
 * because it does little else, V8 would collect the whole heap every other second to free them. V8 also takes such a program
 * for an idle one, collects its heap to give memory back, and drops compiled code with it, which then has to be compiled again.
 */
export function collectRarely(): void {
  setFlagsFromString(`--heap-growing-percent=${rareGrowthPercent}`);
  setFlagsFromString('--no-allocation-site-pretenuring');
  setFlagsFromString(`--gc-memory-reducer-start-delay-ms=${reducerDelayMilliseconds}`);
}

/** The factor by which V8 grows the young generation when much of it survives (flag-definitions.h). */
const youngGrowthFactor = 2;

/**
 * Prevents the young generation from growing until the service has started. Nearly everything loaded until then survives,
 * so V8 would double it several times, to 10 MB that an idle service does not need.
 */
export function holdYoungGeneration(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

/** Lets the young generation grow with the load again. */
export function releaseYoungGeneration(): void {
  setFlagsFromString(`--semi-space-growth-factor=${youngGrowthFactor}`);
}

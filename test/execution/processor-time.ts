/** Processor time, which stays about the same however busy the machine is, and how slow the machine is at present. */

/** The processor time of this process so far, in milliseconds, its helper threads included. */
export function processorMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** What `reference` takes on the machine that the bounds in tests are meant for, in milliseconds. */
const referenceMilliseconds = 12;

/** How many times slower than that machine this one is now, in processor time; at least 1. */
export function slowness(): number {
  const times = Array.from({ length: 5 }, () => {
    const begin = processorMilliseconds();
    reference();
    return processorMilliseconds() - begin;
  }).sort((a, b) => a - b);
  return Math.max(1, (times[2] ?? 0) / referenceMilliseconds);
}

/** How many times longer than on that machine a piece of work takes now, by the clock on the wall; at least 1. */
export function busyness(): number {
  const begin = performance.now();
  for (let n = 0; n < 5; n += 1) reference();
  return Math.max(1, (performance.now() - begin) / (5 * referenceMilliseconds));
}

/** Work of the kind that operations are made of: objects, strings, lookups. */
function reference(): number {
  const known = new Map<string, { readonly values: readonly number[] }>();
  for (let n = 0; n < 20_000; n += 1) known.set(`object ${n}`, { values: [n, n + 1, n + 2] });
  let sum = 0;
  for (let n = 0; n < 20_000; n += 1) sum += known.get(`object ${n}`)?.values.length ?? 0;
  return sum + JSON.stringify([...known.values()]).length;
}

/** Processor time of some work, all of it and the longest that it ran without other work in between. */
export interface Effort<Result> {
  readonly result: Result;
  readonly totalMilliseconds: number;
  readonly longestMilliseconds: number;
}

/** Measures work that may let other work run in between. */
export async function effortOf<Result>(work: () => Promise<Result> | Result): Promise<Effort<Result>> {
  await turn();
  const begin = processorMilliseconds();
  let [last, longest, isOver] = [begin, 0, false];
  const look = (): void => {
    const now = processorMilliseconds();
    longest = Math.max(longest, now - last);
    last = now;
    if (!isOver) setImmediate(look);
  };
  setImmediate(look);
  const result = await work();
  const totalMilliseconds = processorMilliseconds() - begin;
  await turn();
  isOver = true;
  return { result, totalMilliseconds, longestMilliseconds: longest };
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

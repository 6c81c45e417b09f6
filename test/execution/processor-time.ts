/** Processor time, which hardly depends on the load of the machine, and the current speed of the machine. */

/** The processor time of this process so far, including helper threads, in milliseconds. */
export function processorMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** The time of `reference` on the machine for which the limits in tests were chosen, in milliseconds. */
const referenceMilliseconds = 12;

/** How many times slower than that machine this one is now, by processor time; at least 1. */
export function slowness(): number {
  const times = Array.from({ length: 5 }, () => {
    const begin = processorMilliseconds();
    reference();
    return processorMilliseconds() - begin;
  }).sort((a, b) => a - b);
  return Math.max(1, (times[2] ?? 0) / referenceMilliseconds);
}

/** How many times longer work takes now than on that machine, by wall time; at least 1. */
export function busyness(): number {
  const begin = performance.now();
  for (let n = 0; n < 5; n += 1) reference();
  return Math.max(1, (performance.now() - begin) / (5 * referenceMilliseconds));
}

/** Work similar to that of operations: objects, strings, lookups. */
function reference(): number {
  const known = new Map<string, { readonly values: readonly number[] }>();
  for (let n = 0; n < 20_000; n += 1) known.set(`object ${n}`, { values: [n, n + 1, n + 2] });
  let sum = 0;
  for (let n = 0; n < 20_000; n += 1) sum += known.get(`object ${n}`)?.values.length ?? 0;
  return sum + JSON.stringify([...known.values()]).length;
}

/** The processor time of some work: in total, and the longest stretch without other work in between. */
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
  const measure = (): void => {
    const now = processorMilliseconds();
    longest = Math.max(longest, now - last);
    last = now;
    if (!isOver) setImmediate(measure);
  };
  setImmediate(measure);
  const result = await work();
  const totalMilliseconds = processorMilliseconds() - begin;
  await turn();
  isOver = true;
  return { result, totalMilliseconds, longestMilliseconds: longest };
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

/** Keeps 60 MB alive, replaces them bit by bit, and prints the most that the heap came to, in MB. */
const churn = `
  const alive = Array.from({ length: 600 }, () => piece());
  function piece() { return Array.from({ length: 12_500 }, (_, n) => n + 0.5); }
  let most = 0;
  for (let n = 0; n < 1_800; n += 1) {
    alive[n % alive.length] = piece();
    most = Math.max(most, process.memoryUsage().heapUsed);
  }
  console.log(most / 1e6);
`;

/** Makes 1 MB of events again and again, of which none is there after the next ones, and prints the most they came to. */
const events = `
  const source = Buffer.alloc(1_000);
  function event() { return { bytes: Buffer.from(source) }; }
  function work() { let sum = 0; for (let n = 0; n < 30_000; n += 1) sum += [n, n, n, n].length; return sum; }
  let [newest, most] = [[], 0];
  for (let n = 0; n < 300; n += 1) {
    newest = Array.from({ length: 1_000 }, event);
    work();
    most = Math.max(most, process.memoryUsage().arrayBuffers);
  }
  console.log(most / 1e6 + 0 * newest.length);
`;

const built = new URL('../../dist/cli/heap.js', import.meta.url).href;
const closely = `import { limitHeap } from '${built}'; limitHeap();`;

function megabytesOf(script: string, mostYoung = 1): number {
  const flags = [`--max-semi-space-size=${mostYoung}`, '--input-type=module', '-e', script];
  const { stdout, stderr } = spawnSync(process.execPath, flags, { encoding: 'utf8' });
  const megabytes = Number(stdout);
  if (!(megabytes > 0)) throw new Error(stderr);
  return megabytes;
}

describe('the heap of the service', () => {
  it('stays close to the size of its live objects', () => {
    const close = megabytesOf(closely + churn);
    const usual = megabytesOf(churn);
    expect(close).toBeLessThan(60 * 1.6);
    expect(close).toBeLessThan(usual * 0.8);
  });

  it('keeps nothing of past events', () => {
    // Where V8 is let, it takes them for old in most runs, and comes to some 50 MB: it depends on when it compiles what.
    const most = Array.from({ length: 5 }, () => megabytesOf(closely + events));
    expect(Math.max(...most)).toBeLessThan(20);
  });

  it('has a young generation that grows only after startup', () => {
    // Nearly all survives, so V8 doubles it up to 16 MB where it is let.
    const script = `
      import { getHeapSpaceStatistics } from 'node:v8';
      import { holdYoungGeneration, releaseYoungGeneration } from '${built}';
      const kept = [];
      function megabytes() {
        for (let n = 0; n < 400_000; n += 1) kept.push({ n, text: [n] });
        const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
        return young.space_size / 1e6;
      }
      holdYoungGeneration();
      const held = megabytes();
      releaseYoungGeneration();
      console.log(megabytes() / held);
    `;
    expect(megabytesOf(script, 16)).toBeGreaterThan(3);
  });
});

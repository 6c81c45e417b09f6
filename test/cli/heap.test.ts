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

function mostOfHeap(before: string): number {
  const flags = ['--max-semi-space-size=1', '--input-type=module', '-e', before + churn];
  const { stdout, stderr } = spawnSync(process.execPath, flags, { encoding: 'utf8' });
  const megabytes = Number(stdout);
  if (!(megabytes > 0)) throw new Error(stderr);
  return megabytes;
}

describe('the heap of the service', () => {
  it('stays close to what is alive in it', () => {
    const built = new URL('../../dist/cli/heap.js', import.meta.url).href;
    const close = mostOfHeap(`import { keepHeapClose } from '${built}'; keepHeapClose();`);
    const usual = mostOfHeap('');
    expect(close).toBeLessThan(60 * 1.6);
    expect(close).toBeLessThan(usual * 0.8);
  });
});

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it, vi } from 'vitest';

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

/** Collects its heap once and is idle after that. Prints a line for each step of V8's memory reducer, the first after 8 s. */
const idle = `
  const alive = Array.from({ length: 300_000 }, (_, n) => ({ n }));
  gc();
  console.log('idle with', alive.length);
  setInterval(() => undefined, 1_000);
`;
const major = Number(process.versions.node.split('.')[0]);
const traceReducer = major < 22 ? '--trace-gc-verbose' : '--trace-memory-reducer';

/** The program, and what it has printed so far. */
async function startIdle(prefix: string): Promise<{ child: ChildProcess; printed: () => string }> {
  const flags = ['--expose-gc', traceReducer, '--input-type=module', '-e', prefix + idle];
  const child = spawn(process.execPath, flags, { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  while (!printed.includes('idle with')) await once(child.stdout, 'data');
  return { child, printed: () => printed };
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
    expect(Math.max(...most)).toBeLessThan(30);
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

describe('the heap of hvql top', () => {
  it('is not reduced while the program is idle, as compiled code would go with it', async () => {
    const top = await startIdle(`import { collectRarely } from '${built}'; collectRarely();`);
    // Started later, so its memory reducer would be later too.
    const usual = await startIdle('');
    try {
      await vi.waitFor(() => expect(usual.printed()).toContain('Memory reducer: '), {
        timeout: 100_000,
        interval: 100,
      });
      expect(top.printed()).not.toContain('Memory reducer: ');
      expect(top.child.exitCode).toBeNull();
    } finally {
      top.child.kill();
      usual.child.kill();
    }
  }, 120_000);
});

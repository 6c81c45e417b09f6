import { describe, expect, it } from 'vitest';
import { SingleFlight } from '../../src/lib/single-flight.ts';

/** A flight that joins texts, and whose runs end by hand. */
function flightOf() {
  const runs: { argument: string; signal: AbortSignal; end: (result: string) => void }[] = [];
  const flight = new SingleFlight<string, string>({
    combine: (all) => all.join('+'),
    run: (argument, signal) =>
      new Promise((resolve) => {
        runs.push({ argument, signal, end: resolve });
      }),
  });
  return { flight, runs };
}

const { signal } = new AbortController();
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a single flight', () => {
  it('runs once for the calls of one turn of the event loop, with their arguments combined', async () => {
    const { flight, runs } = flightOf();
    const calls = ['a', 'b'].map((each) => flight.load(each, signal));
    await turn();
    expect(runs.map(({ argument }) => argument)).toEqual(['a+b']);
    runs[0]?.end('result');
    expect(await Promise.all(calls)).toEqual(['result', 'result']);
  });

  it('can be joined while it runs and its argument covers the new one', async () => {
    const { flight, runs } = flightOf();
    expect(flight.join(signal, () => true)).toBeNull();
    const first = flight.load('a', signal);
    await turn();
    expect(flight.join(signal, (argument) => argument !== 'a')).toBeNull();
    const joined = flight.join(signal, (argument) => argument === 'a');
    runs[0]?.end('result');
    expect([await first, await joined, runs.length]).toEqual(['result', 'result', 1]);
    expect(flight.join(signal, () => true)).toBeNull();
  });

  it('runs for the remaining callers, in any order in which others abort', async () => {
    const { flight, runs } = flightOf();
    const gone = new AbortController();
    const first = flight.load('a', gone.signal);
    const second = flight.load('b', signal);
    gone.abort(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    await turn();
    expect(runs.map((run) => [run.argument, run.signal.aborted])).toEqual([['b', false]]);
    runs[0]?.end('result');
    expect(await second).toBe('result');
  });

  it('is aborted when its last caller aborts, and is then no longer joined', async () => {
    const { flight, runs } = flightOf();
    const gone = new AbortController();
    const only = flight.load('a', gone.signal);
    await turn();
    gone.abort(new Error('gone'));
    await expect(only).rejects.toThrow('gone');
    expect(runs[0]?.signal.aborted).toBe(true);
    expect(flight.join(signal, () => true)).toBeNull();
  });
});

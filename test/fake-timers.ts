/** Fake timers that know where the timers that are left were set. */
import { expect, vi } from 'vitest';

type TimerFunction = (...parts: unknown[]) => unknown;
type Faked = NonNullable<NonNullable<Parameters<typeof vi.useFakeTimers>[0]>['toFake']>[number];

const timers = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] as const;
/** The client behind `fetch`, which earlier tests of this process may have used: it sets a timer after a response. */
const fetchClient = 'node:internal/deps/undici';

/** Where each timer was set that has neither run nor been cleared. */
const setAt = new Map<unknown, string>();

/** Fakes timers, and more on request, until `vi.useRealTimers`. The timers of `fetch` stay real. */
export function useFakeTimers(...more: readonly Faked[]): void {
  const real = globalFunctions();
  vi.useFakeTimers({ toFake: [...timers, ...more] });
  const fake = globalFunctions();
  setAt.clear();
  const ofFetch = new WeakSet();
  const traced =
    (name: 'setTimeout' | 'setInterval'): TimerFunction =>
    (callback, ...parts) => {
      const { stack = '' } = new Error('A timer was set');
      if (stack.includes(fetchClient)) {
        const timer = real[name](callback, ...parts) as NodeJS.Timeout;
        ofFetch.add(timer);
        return timer;
      }
      const timer = fake[name](callback, ...parts);
      setAt.set(timer, stack);
      return timer;
    };
  const cleared =
    (name: 'clearTimeout' | 'clearInterval'): TimerFunction =>
    (timer) => {
      setAt.delete(timer);
      return (ofFetch.has(Object(timer) as object) ? real : fake)[name](timer);
    };
  const mine = {
    setTimeout: traced('setTimeout'),
    setInterval: traced('setInterval'),
    clearTimeout: cleared('clearTimeout'),
    clearInterval: cleared('clearInterval'),
  };
  // `vi.useRealTimers` finds in their properties what to restore.
  for (const name of timers) Object.assign(globalThis, { [name]: Object.assign(mine[name], fake[name]) });
}

/** Fails if a timer is left, with the places where timers were set that have not been cleared. */
export function expectNoTimers(): void {
  const count = vi.getTimerCount();
  expect(count, count === 0 ? '' : [...setAt.values()].join('\n')).toBe(0);
}

function globalFunctions(): Record<(typeof timers)[number], TimerFunction> {
  const { setTimeout, clearTimeout, setInterval, clearInterval } = globalThis;
  return { setTimeout, clearTimeout, setInterval, clearInterval } as unknown as ReturnType<
    typeof globalFunctions
  >;
}

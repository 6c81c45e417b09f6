/** Hooks for the operations of a page, which run while it is open and visible. */
import { useSignal, useSignalEffect, type ReadonlySignal, type Signal } from '@preact/signals';
// Operations are sent before the browser paints, so that it paints while the service reads.
import { useLayoutEffect, useRef } from 'preact/hooks';
import { ask, asking, connection, connections, run, type Response } from './client.ts';
import type { NamedDocument } from './document.ts';
import { missedEvents } from './missed-events.ts';

/** The state of an operation. */
export interface Operation<Result> {
  /** The newest result; null before the first. */
  readonly response: Signal<Response<Result> | null>;
  /** Whether the service has completed the subscription, because its object no longer exists. */
  readonly isEnded: Signal<boolean>;
}

/** Subscribes while the page is visible, and again whenever the document or its variables change. */
export function useLive<Result>(
  named: NamedDocument | null,
  variables: object,
  onEvent?: (data: Result, response: Response<Result>) => void,
): Operation<Result> {
  const response = useSignal<Response<Result> | null>(null);
  const isEnded = useSignal(false);
  const key = JSON.stringify([named, variables]);
  const latest = useRef(onEvent);
  latest.current = onEvent;
  const every = 'every' in variables ? String(variables.every) : '1s';
  useLayoutEffect(() => {
    if (named === null || asking.value === null) return;
    isEnded.value = false;
    const missed = missedEvents(every);
    return run<Result>(named, variables, {
      next: (event) => {
        missed.note();
        response.value = event;
        if (event.data !== null) latest.current?.(event.data, event);
      },
      end: () => (isEnded.value = true),
    });
  }, [key, asking.value]);
  return { response, isEnded };
}

/** Sends a query for each new connection, and whenever the document or its variables change. */
export function usePast<Result>(
  named: NamedDocument | null,
  variables: object,
  onResult: (data: Result, response: Response<Result>) => void,
): void {
  const key = JSON.stringify([named, variables]);
  const latest = useRef(onResult);
  latest.current = onResult;
  useLayoutEffect(() => {
    if (named === null || connections.value === 0 || asking.value === null) return;
    return ask<Result>(named, variables, (response) => {
      if (response.data !== null) latest.current(response.data, response);
    });
  }, [key, connections.value, asking.value]);
}

/** Polls a query at an interval while the page is visible. */
export function usePolled<Result>(
  named: NamedDocument | null,
  variables: object,
  options: {
    readonly milliseconds: number;
    readonly onResult?: (data: Result, response: Response<Result>) => void;
  },
): Signal<Response<Result> | null> {
  const response = useSignal<Response<Result> | null>(null);
  const key = JSON.stringify([named, variables]);
  const latest = useRef(options.onResult);
  latest.current = options.onResult;
  useLayoutEffect(() => {
    if (named === null || asking.value === null) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let stop: () => void = () => undefined;
    const askAgain = (): void => {
      stop = ask<Result>(named, variables, (result) => {
        response.value = result;
        if (result.data !== null) latest.current?.(result.data, result);
        timer = setTimeout(askAgain, options.milliseconds);
      });
    };
    askAgain();
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [key, asking.value]);
  return response;
}

/** The time, once a second, while the connection is lost. */
export function useLostSeconds(): ReadonlySignal<number | null> {
  const seconds = useSignal<number | null>(null);
  useSignalEffect(() => {
    const state = connection.value;
    if (state.kind !== 'lost') {
      seconds.value = null;
      return;
    }
    const update = (): void => void (seconds.value = Math.round((Date.now() - state.since) / 1_000));
    update();
    const timer = setInterval(update, 1_000);
    return () => clearInterval(timer);
  });
  return seconds;
}

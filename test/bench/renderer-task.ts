/** The tasks of a page's main thread, from the browser's own trace. */
import type { Page } from 'playwright-core';

/** A task: its duration, and its processor time. */
export interface RendererTask {
  readonly milliseconds: number;
  /** In milliseconds: on a machine with other work this says more. */
  readonly processor: number;
}

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds, of the clock and of the thread. */
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** Runs something, and gives the tasks of the page meanwhile. */
export async function tasksWhile(page: Page, run: () => Promise<unknown>): Promise<readonly RendererTask[]> {
  const session = await page.context().newCDPSession(page);
  const events: TraceEvent[] = [];
  session.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as TraceEvent[])));
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['toplevel'] },
  });
  await run();
  const complete = new Promise<void>((resolve) => session.once('Tracing.tracingComplete', () => resolve()));
  await session.send('Tracing.end');
  await complete;
  await session.detach();
  return tasksIn(events);
}

/** Those of the renderer that did the most: a browser has spare ones. */
function tasksIn(events: readonly TraceEvent[]): readonly RendererTask[] {
  const mains = events.filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain');
  const byThread = mains.map(({ pid, tid }) =>
    events.flatMap((event) =>
      event.ph === 'X' && event.name.endsWith('RunTask') && event.pid === pid && event.tid === tid
        ? [{ milliseconds: (event.dur ?? 0) / 1_000, processor: (event.tdur ?? 0) / 1_000 }]
        : [],
    ),
  );
  const processorOf = (tasks: readonly RendererTask[]): number =>
    tasks.reduce((sum, { processor }) => sum + processor, 0);
  return byThread.reduce((one, other) => (processorOf(other) > processorOf(one) ? other : one), []);
}

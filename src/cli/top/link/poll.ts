/** Polls a query at an interval, for a graph without subscriptions. */
import { LinkError, type GraphLink, type Watcher } from './graph-link.ts';

/** Sends the query at once and then at each interval, one at a time. Returns a function that stops polling. */
export function poll(
  link: GraphLink,
  { text, every, watcher }: { readonly text: string; readonly every: number; readonly watcher: Watcher },
): () => void {
  let isOver = false;
  let timer: NodeJS.Timeout | undefined;
  const ask = async (): Promise<void> => {
    const begun = performance.now();
    try {
      const result = await link.query(text);
      if (!isOver) watcher.next(result);
    } catch (thrown) {
      if (!(thrown instanceof LinkError)) throw thrown;
      if (!isOver) watcher.lost(thrown.problem);
    }
    if (isOver) return;
    timer = setTimeout(() => void ask(), Math.max(0, every - (performance.now() - begun)));
  };
  void ask();
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}

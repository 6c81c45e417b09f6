/** A connection to a graph: to a service over a WebSocket, or to a graph in this process. Both have the same schema. */
import type { ExecutionResult } from 'graphql';

/** Why the graph is unreachable, and advice for the user. */
export interface LinkProblem {
  readonly message: string;
  readonly advice: string;
}

/** The listener of a stream. */
export interface Watcher {
  next(result: ExecutionResult): void;
  /** Called when the connection is lost. The link reconnects; `next` is called when events arrive again. */
  lost(problem: LinkProblem): void;
  /** Called when the stream has completed, because its object no longer exists. */
  ended(): void;
}

/** A connection to a graph. */
export interface GraphLink {
  /** The name to show: the address, or the source. */
  readonly title: string;
  /** Runs a query, in this process until the signal is aborted. Rejects with a LinkError if the graph is unreachable. */
  query(text: string, signal?: AbortSignal): Promise<ExecutionResult>;
  /** Subscribes, and again whenever the connection was lost. Returns a function that unsubscribes. */
  watch(text: string, watcher: Watcher): () => void;
  close(): Promise<void>;
}

/** The graph behind a link is unreachable. */
export class LinkError extends Error {
  override readonly name = 'LinkError';
  readonly problem: LinkProblem;

  constructor(problem: LinkProblem, options?: ErrorOptions) {
    super(`${problem.message} ${problem.advice}`.trim(), options);
    this.problem = problem;
  }
}

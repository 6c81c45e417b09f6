/** How top reaches a graph: a service over a WebSocket, or one that it runs itself. Both have the same schema. */
import type { ExecutionResult } from 'graphql';

/** Why nothing can be asked, and what a person can do about it. */
export interface LinkProblem {
  readonly message: string;
  readonly advice: string;
}

/** Takes what a stream says. */
export interface Watcher {
  next(result: ExecutionResult): void;
  /** The connection is lost. The link connects again by itself; `next` is called when events come again. */
  lost(problem: LinkProblem): void;
  /** The stream is over for good: what it watched has ended. */
  ended(): void;
}

/** A way to a graph. */
export interface GraphLink {
  /** What is shown, for a person: the address, or the source. */
  readonly title: string;
  /** Asks once. Rejects with a LinkError if nothing can be asked. */
  query(text: string): Promise<ExecutionResult>;
  /** Subscribes, and again whenever the connection was lost. Returns a function that ends it. */
  watch(text: string, watcher: Watcher): () => void;
  close(): Promise<void>;
}

/** Nothing can be asked over a link. */
export class LinkError extends Error {
  override readonly name = 'LinkError';
  readonly problem: LinkProblem;

  constructor(problem: LinkProblem, options?: ErrorOptions) {
    super(`${problem.message} ${problem.advice}`.trim(), options);
    this.problem = problem;
  }
}

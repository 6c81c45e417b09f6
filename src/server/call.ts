/** One operation on its way in, whatever brought it: by POST, GET, event stream or WebSocket. */
import type { AdmittedOperation } from './admission.ts';
import type { Identified } from './identity.ts';

/** Who asks, and for how long the answer is wanted. */
export interface Asker extends Identified {
  /** Aborted once nobody waits for the answer any more. It may be made when it is asked for: `{ ...asker }` lacks it. */
  readonly signal: AbortSignal;
  readonly requestId: string;
}

/** How an operation comes and how its answer goes: whole by POST or GET, or as events. */
export type Way = 'POST' | 'GET' | 'SSE' | 'WebSocket';

/** What is asked, by whom, and in which shape the answer can be given. */
export interface Call {
  readonly way: Way;
  /** How it was sent; over a WebSocket it counts as POST, which may ask anything. */
  readonly method: 'GET' | 'POST';
  readonly operation: AdmittedOperation;
  readonly asker: Asker;
  /** Whether the answer may be a stream of events. Where not, subscriptions are refused. */
  readonly takesEvents: boolean;
  /** Told the name of the operation that runs, where it has one. */
  readonly onOperation: (name: string) => void;
}

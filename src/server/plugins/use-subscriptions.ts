/** Subscriptions are started through Yoga; their events are written by the service, once for all who watch the same. */
import {
  GraphQLError,
  subscribe as subscribeWithGraphql,
  type ExecutionArgs,
  type ExecutionResult,
} from 'graphql';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import type { DocumentStore } from '../document-store.ts';
import { requestOf, type Requester, type YogaContext } from '../request-context.ts';
import { begin, failed } from './use-execution.ts';

/** What a subscription gives: events, or the errors of one that could not start. */
export type Subscribed = AsyncIterableIterator<ExecutionResult> | ExecutionResult;

/**
 * Starts one subscription; graphql-js's `subscribe`, or one that gives the same. Where it starts, the result is an
 * iterator of finished events that is asked for the next one only when the last one has been handed to the client's
 * socket, and whose `return` is called, also while a `next` is pending, once the client or the server goes away.
 */
export type Subscribe = (args: ExecutionArgs) => Promise<Subscribed> | Subscribed;

/** What subscriptions are started with. */
export interface SubscriptionOptions {
  readonly contextOf: (requester: Requester) => object;
  readonly subscribe?: Subscribe | undefined;
  readonly documents: DocumentStore;
  /** Whether other plugins see each event: then Yoga's iterator is used, with a promise for each event. */
  readonly keepsIterator: boolean;
}

/** In place of events that the request has taken: Yoga would wrap their iterator. */
const taken: ExecutionResult = { data: null };

/** Starts subscriptions where the transport takes events, and hands their events to the request. */
export function useSubscriptions(options: SubscriptionOptions): Plugin<YogaContext> {
  const { contextOf, subscribe = subscribeWithGraphql, documents, keepsIterator } = options;
  return {
    onSubscribe({ args, setSubscribeFn, setResultAndStopExecution }) {
      const request = requestOf(args.contextValue);
      const problem = begin(request, { args, documents }) ?? (request.takesEvents ? null : needsEvents());
      if (problem !== null) {
        setResultAndStopExecution(problem);
        return undefined;
      }
      request.onStart();
      setSubscribeFn(async (given) => {
        try {
          return await subscribe({ ...(given as ExecutionArgs), contextValue: contextOf(request) });
        } catch (thrown) {
          return failed(thrown);
        }
      });
      if (keepsIterator) return undefined;
      return {
        onSubscribeResult: ({ result, setResult }) => {
          if (!isAsyncIterable<ExecutionResult>(result)) return;
          request.events = result[Symbol.asyncIterator]();
          setResult(taken as typeof result);
        },
      };
    },
  };
}

function needsEvents(): ExecutionResult {
  const error = new GraphQLError(
    'A subscription is answered with events: ask with "Accept: text/event-stream" (Server-Sent Events), or over ' +
      'WebSocket with the subprotocol graphql-transport-ws.',
    { extensions: { code: 'NOT_ACCEPTABLE' } },
  );
  return { errors: [error] };
}

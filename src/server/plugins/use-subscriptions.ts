/** Starts subscriptions through Yoga. The service writes their events, once for all streams with the same selection. */
import {
  GraphQLError,
  subscribe as subscribeWithGraphql,
  type ExecutionArgs,
  type ExecutionResult,
} from 'graphql';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import { requestOf, type Requester, type YogaContext } from '../context.ts';
import type { DocumentStore } from '../document-store.ts';
import { begin, failed } from './use-execution.ts';

type Subscribed = AsyncIterableIterator<ExecutionResult> | ExecutionResult;

/**
 * graphql-js's `subscribe`, or an equivalent function: it returns an iterator of events, each of which is requested when
 * the previous one is in the client's socket. `return` is called when the client disconnects or the server closes, even
 * during a `next`.
 */
export type Subscribe = (args: ExecutionArgs) => Promise<Subscribed> | Subscribed;

/** Placeholder for events that the request context has, because Yoga would wrap their iterator. */
const takenByRequest: ExecutionResult = { data: null };

/**
 * Starts subscriptions if the transport accepts events, and stores the events in the request context. With `keepsIterator`
 * other plugins see each event through Yoga's iterator, which needs a promise for each.
 */
export function useSubscriptions(options: {
  readonly contextOf: (requester: Requester) => object;
  readonly subscribe?: Subscribe | undefined;
  readonly documents: DocumentStore;
  readonly keepsIterator: boolean;
}): Plugin<YogaContext> {
  const { contextOf, subscribe = subscribeWithGraphql, documents, keepsIterator } = options;
  return {
    onSubscribe({ args, setSubscribeFn, setResultAndStopExecution }) {
      const request = requestOf(args.contextValue);
      const problem = begin(request, { args, documents }) ?? (request.takesEvents ? null : needsEvents());
      if (problem !== null) {
        setResultAndStopExecution(problem);
        return undefined;
      }
      request.onStart({ isSubscription: true });
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
          setResult(takenByRequest as typeof result);
        },
      };
    },
  };
}

function needsEvents(): ExecutionResult {
  const error = new GraphQLError(
    'A subscription is answered with events: send "Accept: text/event-stream" (Server-Sent Events), or use a ' +
      'WebSocket with the subprotocol graphql-transport-ws.',
    { extensions: { code: 'NOT_ACCEPTABLE' } },
  );
  return { errors: [error] };
}

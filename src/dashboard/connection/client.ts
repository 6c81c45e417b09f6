/** The WebSocket of the page, for queries, history and subscriptions. */
import { batch, computed, effect, signal } from '@preact/signals';
import { createClient, type Client, type FormattedExecutionResult, type SubscribePayload } from 'graphql-ws';
import type { NamedDocument } from './document.ts';
import { onRefused, refusal, token } from './session.ts';

/** An error of a response. */
export interface ResponseError {
  readonly message: string;
  readonly path?: readonly (string | number)[] | undefined;
  readonly extensions?: { readonly code?: string } | undefined;
}

/** A response, or an event. */
export interface Response<Result> {
  readonly data: Result | null;
  readonly errors: readonly ResponseError[];
}

/** The state of the connection, and its start in milliseconds since 1970. */
export type ConnectionState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open'; readonly since: number }
  | { readonly kind: 'lost'; readonly since: number };

/** The state of the connection that the page shows. */
export const connection = signal<ConnectionState>({ kind: 'connecting' });
/** Counts connections; each new one fetches missed readings from the history. */
export const connections = signal(0);
/** Whether the page is visible. A hidden page requests nothing. */
export const isVisible = signal(!document.hidden);
document.addEventListener('visibilitychange', () => (isVisible.value = !document.hidden));

const pongMilliseconds = 5_000;
const longestWaitMilliseconds = 5_000;

/** Close codes after which other credentials are needed. */
const unauthenticated = new Set([4401, 4403]);
/** Counts the clients that were closed after an error of the service or the page. */
const givenUp = signal(0);

function open(bearer: string | null): Client {
  let overdue: ReturnType<typeof setTimeout> | undefined;
  const client: Client = createClient({
    url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/graphql`,
    lazyCloseTimeout: 5_000,
    keepAlive: 10_000,
    connectionParams: bearer === null ? {} : { Authorization: `Bearer ${bearer}` },
    retryAttempts: Number.POSITIVE_INFINITY,
    // A restarting service refuses connections for a moment.
    shouldRetry: () => true,
    // Jitter, so that pages do not reconnect all at once.
    retryWait: (retries) =>
      new Promise((resolve) =>
        setTimeout(
          resolve,
          Math.min(longestWaitMilliseconds, 250 * 2 ** retries) * (0.5 + Math.random() / 2),
        ),
      ),
    on: {
      connected: () => {
        connection.value = { kind: 'open', since: Date.now() };
        connections.value += 1;
      },
      ping: (isReceived) => {
        if (!isReceived) overdue = setTimeout(() => client.terminate(), pongMilliseconds);
      },
      pong: (isReceived) => {
        if (isReceived) clearTimeout(overdue);
      },
      closed: (event) => {
        clearTimeout(overdue);
        const { code = 1006, reason = '' } = event as Partial<CloseEvent>;
        // The page itself has closed the connection.
        if (code === 1000) connection.value = { kind: 'connecting' };
        else if (connection.value.kind !== 'lost') connection.value = { kind: 'lost', since: Date.now() };
        if (bearer !== token.value) return;
        if (unauthenticated.has(code))
          void onRefused(reason === '' ? 'The service does not accept these credentials.' : reason);
        // graphql-ws does not retry after these codes; 4499 is its own code for an unresponsive connection.
        else if (code >= 4400 && code !== 4408 && code !== 4499)
          setTimeout(() => (givenUp.value += 1), longestWaitMilliseconds);
      },
    },
  });
  return client;
}

/** Created for each token; null while the page asks for one. */
const client = computed(() => {
  void givenUp.value;
  return refusal.value === null ? open(token.value) : null;
});
let current: Client | null = null;
effect(() => {
  const next = client.value;
  // It waits for a connection that may have failed.
  if (current !== null && current !== next) Promise.resolve(current.dispose()).catch(() => undefined);
  current = next;
});

/** Changes with the client; null without a client or while the page is hidden. */
export const asking = computed(() => (isVisible.value ? client.value : null));

/** Runs an operation until the returned function is called; `next` is called for each result. */
export function run<Result>(
  named: NamedDocument,
  variables: object,
  sink: { readonly next: (response: Response<Result>) => void; readonly end?: () => void },
): () => void {
  const used = client.peek();
  if (used === null) return () => undefined;
  // The client's type requires a text; together with an id, the service ignores an empty one.
  const { request, host } = named;
  const all = host === null ? variables : { ...variables, host };
  const payload = { query: '', ...request, variables: all } as unknown as SubscribePayload;
  return used.subscribe<Result>(payload, {
    next: ({ data = null, errors = [] }: FormattedExecutionResult<Result>) =>
      // Renders once for all changes of the result.
      batch(() => sink.next(host === null ? { data, errors } : ofHost({ data, errors }))),
    error: (thrown) => {
      // The state of the connection shows a final close.
      if (Array.isArray(thrown)) sink.next({ data: null, errors: thrown as ResponseError[] });
      sink.end?.();
    },
    complete: () => sink.end?.(),
  });
}

/** Unwraps the result for a host of a fleet. Without data, there is an error. */
function ofHost<Result>({ data, errors }: Response<unknown>): Response<Result> {
  const { host = null } = (data ?? {}) as { readonly host?: object | null };
  const isWhole = host !== null && Object.values(host).every((part) => part !== null);
  const reported = errors.map(({ path, ...error }) => ({
    ...error,
    ...(path === undefined ? {} : { path: path.slice(1) }),
  }));
  const unknown = { message: 'There is no such host, or these credentials are not for it.' };
  return {
    data: isWhole ? (host as Result) : null,
    errors: host === null && reported.length === 0 ? [unknown] : reported,
  };
}

/** The result of a query. Waits for a connection, and never rejects: an error becomes a result. */
export function ask<Result>(
  named: NamedDocument,
  variables: object,
  done: (response: Response<Result>) => void,
): () => void {
  return run<Result>(named, variables, { next: done });
}

/** The one WebSocket of the page: queries, history and subscriptions. */
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

/** How the connection is: since when, in milliseconds since 1970. */
export type ConnectionState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open'; readonly since: number }
  | { readonly kind: 'lost'; readonly since: number };

/** The state of the connection, for the page to show. */
export const connection = signal<ConnectionState>({ kind: 'connecting' });
/** Counts connections: what has been missed between two of them is in the history. */
export const connections = signal(0);
/** Whether the page can be seen: nothing is asked for while it cannot. */
export const isVisible = signal(!document.hidden);
document.addEventListener('visibilitychange', () => (isVisible.value = !document.hidden));

const pongMilliseconds = 5_000;
const longestWaitMilliseconds = 5_000;

/** Close codes after which the credentials need to be others. */
const unauthenticated = new Set([4401, 4403]);
/** Counts the clients that were given up after an error of the service or of the page. */
const givenUp = signal(0);

function open(bearer: string | null): Client {
  let overdue: ReturnType<typeof setTimeout> | undefined;
  const client: Client = createClient({
    url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/graphql`,
    lazyCloseTimeout: 5_000,
    keepAlive: 10_000,
    connectionParams: bearer === null ? {} : { Authorization: `Bearer ${bearer}` },
    retryAttempts: Number.POSITIVE_INFINITY,
    // A service that restarts refuses connections for a moment.
    shouldRetry: () => true,
    // Not the same for all pages that have lost one service.
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
        // The page itself has nothing more to ask.
        if (code === 1000) connection.value = { kind: 'connecting' };
        else if (connection.value.kind !== 'lost') connection.value = { kind: 'lost', since: Date.now() };
        if (bearer !== token.value) return;
        if (unauthenticated.has(code))
          void onRefused(reason === '' ? 'The service does not accept these credentials.' : reason);
        // graphql-ws does not try again after these, of which 4499 is its own for a silent connection.
        else if (code >= 4400 && code !== 4408 && code !== 4499)
          setTimeout(() => (givenUp.value += 1), longestWaitMilliseconds);
      },
    },
  });
  return client;
}

/** Made for each token; null while the page asks for one. */
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

/** Changes with the client; null while there is nothing to ask, or the page is not seen. */
export const asking = computed(() => (isVisible.value ? client.value : null));

/** Runs an operation until what it returns is called; `next` is called for each result. */
export function run<Result>(
  named: NamedDocument,
  variables: object,
  sink: { readonly next: (response: Response<Result>) => void; readonly end?: () => void },
): () => void {
  const used = client.peek();
  if (used === null) return () => undefined;
  // The type of the client asks for a text; the service takes an empty one beside an id for none.
  const { request, host } = named;
  const all = host === null ? variables : { ...variables, host };
  const payload = { query: '', ...request, variables: all } as unknown as SubscribePayload;
  return used.subscribe<Result>(payload, {
    next: ({ data = null, errors = [] }: FormattedExecutionResult<Result>) =>
      // Drawn once for all that the result changes.
      batch(() => sink.next(host === null ? { data, errors } : ofHost({ data, errors }))),
    error: (thrown) => {
      // The state of the connection says what a final close means.
      if (Array.isArray(thrown)) sink.next({ data: null, errors: thrown as ResponseError[] });
      sink.end?.();
    },
    complete: () => sink.end?.(),
  });
}

/** What a host of a fleet says, as if it were asked alone. Without an answer there is an error. */
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

/** The result of a query. It never rejects: an error is a result; without a connection it waits for one. */
export function ask<Result>(
  named: NamedDocument,
  variables: object,
  done: (response: Response<Result>) => void,
): () => void {
  return run<Result>(named, variables, { next: done });
}

/**
 * Repeats of the same bytes, answered without Yoga. It skips only what Yoga's pipeline has already done for the very
 * same request: parsing, validation, and the choice of how to answer. Everything that may differ from one request to the
 * next is done again, by the same functions: host, origin, credentials, content type, cost, access, deadline, masking,
 * audit.
 */
import type { DocumentNode, GraphQLSchema } from 'graphql';
import type { AllowedOperation } from '../allowlist.ts';
import type { ListenerContext } from '../context.ts';
import type { HttpRequest } from '../http-request.ts';
import type { RunQuery } from '../plugins/use-execution.ts';

/** What is known of a query that has run through Yoga without errors. */
interface Entry {
  readonly listener: ListenerContext;
  readonly accept: string | undefined;
  readonly contentType: string | undefined;
  readonly stored: NonNullable<HttpRequest['document']>;
  readonly document: DocumentNode;
  readonly name: string | undefined;
  readonly variables: Readonly<Record<string, unknown>> | null;
  readonly operationName: string | null;
}

/** The queries that may be answered without Yoga, by their allowed operation: the reader keeps one for the same bytes. */
export class HotPath {
  readonly #schema: GraphQLSchema;
  readonly #run: RunQuery;
  readonly #entries = new WeakMap<AllowedOperation, Entry>();

  constructor(schema: GraphQLSchema, run: RunQuery) {
    this.#schema = schema;
    this.#run = run;
  }

  /**
   * Answers a request whose credentials are known to be good and whose bytes have been answered before; true where it
   * did. Where it did not, what has begun of it is not done again: the request keeps its promises.
   */
  answer(request: HttpRequest): Promise<boolean> | boolean {
    if (request.exchange.request.method === 'POST' && request.exchange.search !== '') return false;
    let operation;
    try {
      if (request.authenticate() !== undefined) return false;
      operation = request.readOperation();
    } catch {
      // Yoga meets the same refusal and answers it.
      return false;
    }
    if (!(operation instanceof Promise)) return this.#answer(request, operation);
    return operation.then(
      (read) => this.#answer(request, read),
      () => false,
    );
  }

  /** Notes a query that Yoga has just run without errors. */
  note(request: HttpRequest): void {
    const { operation, document: stored, exchange, listener } = request;
    if (!request.isRepeatable || operation === null || stored?.document == null) return;
    const { accept, 'content-type': contentType } = exchange.request.headers;
    const { variables = null, operationName = null } = operation.parameters;
    this.#entries.set(operation, {
      listener,
      accept,
      contentType,
      stored,
      document: stored.document,
      name: stored.operation(operationName)?.name?.value,
      variables: variables as Entry['variables'],
      operationName: operationName as string | null,
    });
  }

  #answer(request: HttpRequest, operation: AllowedOperation): Promise<boolean> | boolean {
    const entry = this.#entries.get(operation);
    const { accept, 'content-type': contentType } = request.exchange.request.headers;
    if (entry === undefined || entry.listener !== request.listener) return false;
    if (entry.accept !== accept || entry.contentType !== contentType) return false;
    request.document = entry.stored;
    if (entry.name !== undefined) {
      request.onOperation(entry.name);
      if (request.audit !== null) request.audit.operationName = entry.name;
    }
    request.server.outbox.beforeMore();
    const { document, variables: variableValues, operationName } = entry;
    const result = this.#run(request, { schema: this.#schema, document, variableValues, operationName });
    if (!(result instanceof Promise)) {
      request.finish(result);
      request.send();
      return true;
    }
    return result.then((late) => {
      request.finish(late);
      request.send();
      return true;
    });
  }
}

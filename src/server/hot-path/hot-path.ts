/**
 * Answers repeated requests with the same bytes without Yoga. Only parsing, validation and the choice of response are
 * skipped. Checks whose result may differ are repeated by the same functions: host, origin, credentials, content type,
 * cost, access, deadline, masking, audit.
 */
import type { DocumentNode, ExecutionResult, GraphQLSchema } from 'graphql';
import type { AllowedOperation } from '../allowlist.ts';
import type { ListenerContext } from '../context.ts';
import type { GraphqlExchange } from '../http/graphql-exchange.ts';
import type { RunQuery } from '../plugins/use-execution.ts';

/** A query that has run through Yoga without errors. */
interface Entry {
  readonly listener: ListenerContext;
  readonly accept: string | undefined;
  readonly contentType: string | undefined;
  readonly stored: NonNullable<GraphqlExchange['document']>;
  readonly document: DocumentNode;
  readonly name: string | null;
  readonly variables: Readonly<Record<string, unknown>> | null;
  readonly operationName: string | null;
}

/** Entries by allowed operation, which the reader caches by the bytes of the request. */
export class HotPath {
  readonly #schema: GraphQLSchema;
  readonly #run: RunQuery;
  readonly #entries = new WeakMap<AllowedOperation, Entry>();

  constructor(schema: GraphQLSchema, run: RunQuery) {
    this.#schema = schema;
    this.#run = run;
  }

  /**
   * Answers a request with known credentials and known bytes. Passes any other request to `otherwise`, where the exchange
   * reuses the promises that were started here.
   */
  answer(exchange: GraphqlExchange, otherwise: () => Promise<void>): Promise<void> | undefined {
    if (exchange.request.method === 'POST' && exchange.search !== '') return otherwise();
    let operation;
    try {
      if (exchange.authenticate() !== undefined) return otherwise();
      operation = exchange.readOperation();
    } catch {
      // Yoga repeats the check and sends the refusal.
      return otherwise();
    }
    const answer = (read: AllowedOperation): Promise<void> | undefined => {
      const entry = this.#entryOf(exchange, read);
      return entry === null ? otherwise() : this.#answer(exchange, entry);
    };
    return operation instanceof Promise ? operation.then(answer, otherwise) : answer(operation);
  }

  /** Adds a query that Yoga has just run without errors. */
  note(exchange: GraphqlExchange): void {
    const { operation, document: stored, request, listener } = exchange;
    if (!exchange.isRepeatable || operation === null || stored?.document == null) return;
    const { accept, 'content-type': contentType } = request.headers;
    const { variables = null, operationName = null } = operation.parameters;
    this.#entries.set(operation, {
      listener,
      accept,
      contentType,
      stored,
      document: stored.document,
      name: stored.operation(operationName)?.name?.value ?? null,
      variables: variables as Entry['variables'],
      operationName: operationName as string | null,
    });
  }

  #entryOf({ request, listener }: GraphqlExchange, operation: AllowedOperation): Entry | null {
    const entry = this.#entries.get(operation);
    if (entry === undefined || entry.listener !== listener) return null;
    const { accept, 'content-type': contentType } = request.headers;
    return entry.accept === accept && entry.contentType === contentType ? entry : null;
  }

  #answer(exchange: GraphqlExchange, entry: Entry): Promise<void> | undefined {
    exchange.document = entry.stored;
    exchange.operationName = entry.name;
    exchange.server.health?.hitHotPath();
    exchange.server.writeBatcher.flushIfStale(exchange.takenAt ?? performance.now());
    const { document, variables: variableValues, operationName } = entry;
    const result = this.#run(exchange, { schema: this.#schema, document, variableValues, operationName });
    const send = (given: ExecutionResult): void => {
      exchange.finish(given);
      exchange.send();
    };
    if (result instanceof Promise) return result.then(send);
    send(result);
    return undefined;
  }
}

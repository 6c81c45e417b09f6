/**
 * Which documents may run. Only an `AllowedOperation` is parsed, validated and executed, and only this module makes
 * one: every transport decides before the text is looked at, and the pipeline checks that it did.
 */
import { documentIdOf, isDocumentId, type DocumentId } from './document-id.ts';
import { HttpError } from './http/http-error.ts';
import type { OperationRequest } from './operation-reader.ts';

declare const allowed: unique symbol;
/** An operation that may be parsed, validated and run. Only this module makes one. */
export interface AllowedOperation {
  /** The text of the document that runs; where the request named it by its id, it is not in the request. */
  readonly query: string;
  /** The parameters of the request, with that document as `query` and without an id. */
  readonly parameters: OperationRequest;
  /** Hashed when it is first asked for, unless it is known; a KB of text takes some microseconds. */
  readonly documentId: DocumentId;
  readonly [allowed]: true;
}

/** Allows an operation, or throws an HttpError that says why not and what to do. */
export type Allow = (request: OperationRequest) => AllowedOperation;

/** A document that may be asked for. */
export interface AllowedDocument {
  readonly documentId: DocumentId;
  readonly text: string;
}

/**
 * Allows only these documents, asked for by their id or by their exact text; any document where it is null. Queries,
 * subscriptions and introspection are treated alike.
 */
export function allowlist(allowed: readonly AllowedDocument[] | null): Allow {
  return allowed === null ? allowAny : allowListed(allowed);
}

function allowAny(request: OperationRequest): AllowedOperation {
  const { text, documentId } = readDocument(request);
  if (text !== null) return makeAllowed(request, { text, documentId });
  throw notFound(
    'This service has no persisted documents: send the text of the document as query.',
    documentId,
  );
}

function allowListed(allowed: readonly AllowedDocument[]): Allow {
  const byId = new Map<string, AllowedDocument>(allowed.map((document) => [document.documentId, document]));
  // By the text itself, not by its hash: two texts that only a broken surrogate tells apart have the same UTF-8.
  const byText = new Map<string, AllowedDocument>(allowed.map((document) => [document.text, document]));
  return (request) => {
    const { text, documentId } = readDocument(request);
    const document = text !== null ? byText.get(text) : byId.get(documentId);
    if (document !== undefined) return makeAllowed(request, document);
    if (text !== null && documentId === null) throw notAllowed(text);
    throw notFound(
      'This service answers only the operations that it has been given, and there is no document of this id among ' +
        'them: ask for another one, or have this one added to them.',
      documentId,
    );
  };
}

/** What a request says of its document: a text, an id, or both, and then they belong together. */
type Named =
  | { readonly text: string; readonly documentId: DocumentId | null }
  | { readonly text: null; readonly documentId: DocumentId };

function readDocument({ query, documentId = null }: OperationRequest): Named {
  if (documentId === null) {
    if (typeof query === 'string') return { text: query, documentId };
    throw needsText(query);
  }
  if (!isDocumentId(documentId)) throw badId(documentId);
  // Clients whose types ask for a query leave it empty (graphql-ws, graphql-sse).
  if (query === undefined || query === null || query === '') return { text: null, documentId };
  if (typeof query !== 'string') throw needsText(query);
  const actual = documentIdOf(query);
  if (actual === documentId) return { text: query, documentId };
  throw badRequest(
    `The parameters query and documentId need to name the same document, but the id of the text is ${actual}.`,
  );
}

function makeAllowed(
  request: OperationRequest,
  { text, documentId }: { text: string; documentId: DocumentId | null },
): AllowedOperation {
  const { documentId: _, ...parameters } = request;
  let known = documentId;
  const operation: Omit<AllowedOperation, typeof allowed> = {
    query: text,
    parameters: { ...parameters, query: text },
    get documentId() {
      known ??= documentIdOf(text);
      return known;
    },
  };
  return operation as AllowedOperation;
}

function notAllowed(text: string): HttpError {
  const message =
    'This service answers only the operations that it has been given, and this document is none of them: send the ' +
    'exact text of one, or its documentId.';
  const facts = { documentId: documentIdOf(text) };
  return new HttpError('OPERATION_NOT_ALLOWED', message, { facts });
}

function notFound(message: string, documentId: DocumentId | null): HttpError {
  const facts = { documentId };
  return new HttpError('PERSISTED_DOCUMENT_NOT_FOUND', message, { facts });
}

function needsText(query: unknown): HttpError {
  const there = query === undefined ? 'missing' : 'not a string';
  return badRequest(`The parameter query needs to be a GraphQL document, but is ${there}.`);
}

function badId(documentId: unknown): HttpError {
  const there = typeof documentId === 'string' ? JSON.stringify(documentId.slice(0, 100)) : `not a string`;
  return badRequest(
    `The parameter documentId needs to be "sha256:" and 64 hexadecimal digits in lower case, but is ${there}.`,
  );
}

function badRequest(message: string): HttpError {
  return new HttpError('BAD_REQUEST', message);
}

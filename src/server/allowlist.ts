/**
 * Which documents may run. Only an `AllowedOperation` is parsed, validated and executed, and only this module makes
 * one; the pipeline checks that a transport has asked for it.
 */
import { createHash } from 'node:crypto';
import { HttpError } from './http/http-error.ts';
import type { OperationRequest } from './operation-reader.ts';

declare const allowed: unique symbol;
/** An operation that may be parsed, validated and run. Only this module makes one. */
export interface AllowedOperation {
  /** The text of the document, also where the request has only its id. */
  readonly query: string;
  /** The parameters of the request, with the document as `query` and without an id. */
  readonly parameters: OperationRequest;
  /** Hashed on first use, unless it is known: a KB of text takes some microseconds. */
  readonly documentId: DocumentId;
  readonly [allowed]: true;
}

/** A "SHA256 hex document identifier" (GraphQL over HTTP, appendix "Persisted Documents"). */
export type DocumentId = `sha256:${string}`;

/** Allows an operation, or throws an HttpError. */
export type Allow = (request: OperationRequest) => AllowedOperation;

/** A document of the allowlist. */
export interface AllowedDocument {
  readonly documentId: DocumentId;
  readonly text: string;
}

/** The id of a document, made from the exact text in UTF-8. */
export function documentIdOf(text: string): DocumentId {
  return `sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`;
}

/**
 * Allows these documents, requested by id or exact text, or any text where the list is null. Queries, subscriptions and
 * introspection are treated alike.
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
  // By text and not by hash: texts that differ in an unpaired surrogate have the same UTF-8.
  const byText = new Map<string, AllowedDocument>(allowed.map((document) => [document.text, document]));
  return (request) => {
    const { text, documentId } = readDocument(request);
    const document = text !== null ? byText.get(text) : byId.get(documentId);
    if (document !== undefined) return makeAllowed(request, document);
    if (text !== null && documentId === null) {
      const message =
        'This service answers only the operations that it has been given, and this document is none of them: send the ' +
        'exact text of one, or its documentId.';
      throw new HttpError('OPERATION_NOT_ALLOWED', message, { facts: { documentId: documentIdOf(text) } });
    }
    throw notFound(
      'This service answers only the operations that it has been given, and there is no document of this id among ' +
        'them: ask for another one, or have this one added to them.',
      documentId,
    );
  };
}

/** The document of a request: a text, an id, or both of the same document. */
type NamedDocument =
  | { readonly text: string; readonly documentId: DocumentId | null }
  | { readonly text: null; readonly documentId: DocumentId };

function readDocument({ query, documentId = null }: OperationRequest): NamedDocument {
  if (documentId !== null && !isDocumentId(documentId)) {
    const there = typeof documentId === 'string' ? JSON.stringify(documentId.slice(0, 100)) : 'not a string';
    const needed = '"sha256:" and 64 hexadecimal digits in lower case';
    throw new HttpError('BAD_REQUEST', `The parameter documentId needs to be ${needed}, but is ${there}.`);
  }
  // Clients whose types require a query leave it empty beside an id (graphql-ws, graphql-sse).
  const isTextMissing = query === undefined || query === null || query === '';
  if (documentId !== null && isTextMissing) return { text: null, documentId };
  if (typeof query !== 'string') {
    const there = query === undefined ? 'missing' : 'not a string';
    throw new HttpError(
      'BAD_REQUEST',
      `The parameter query needs to be a GraphQL document, but is ${there}.`,
    );
  }
  if (documentId === null) return { text: query, documentId };
  const actual = documentIdOf(query);
  if (actual === documentId) return { text: query, documentId };
  throw new HttpError(
    'BAD_REQUEST',
    `The parameters query and documentId need to name the same document, but the id of the text is ${actual}.`,
  );
}

function isDocumentId(value: unknown): value is DocumentId {
  return typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value);
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

function notFound(message: string, documentId: DocumentId | null): HttpError {
  return new HttpError('PERSISTED_DOCUMENT_NOT_FOUND', message, { facts: { documentId } });
}

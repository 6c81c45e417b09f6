/** How a request names its document: by its text, by ids of it, or by both. */
import { isObject } from '../lib/json.ts';
import { badRequest, type HttpError } from './http/http-error.ts';
import type { OperationRequest } from './operation-reader.ts';

/** An id in a request. */
export interface DocumentReference {
  /**
   * `documentId`: GraphQL over HTTP, appendix "Persisted Documents". `sha256Hash`: what the links for persisted queries
   * of Apollo Client and urql send. `doc_id`: Relay's.
   */
  readonly parameter: 'documentId' | 'doc_id' | 'extensions.persistedQuery.sha256Hash';
  readonly id: string;
}

/** What a request says of its document. Without references there is a text. */
export type NamedDocument =
  | { readonly text: string; readonly references: readonly DocumentReference[] }
  | { readonly text: null; readonly references: readonly [DocumentReference, ...DocumentReference[]] };

const none: readonly DocumentReference[] = [];

/** Throws an HttpError where a parameter has another type, or where there is neither a text nor an id. */
export function readNamedDocument(request: OperationRequest): NamedDocument {
  const { query } = request;
  const references = readReferences(request);
  const [first, ...others] = references;
  if (first === undefined) {
    if (typeof query === 'string') return { text: query, references };
    throw needsText(query);
  }
  // Clients whose types ask for a query leave it empty (graphql-ws, graphql-sse).
  if (query === undefined || query === null || query === '')
    return { text: null, references: [first, ...others] };
  if (typeof query === 'string') return { text: query, references };
  throw needsText(query);
}

function readReferences({
  documentId = null,
  doc_id: relayId = null,
  extensions,
}: OperationRequest): readonly DocumentReference[] {
  const hash = isObject(extensions) ? readHash(extensions['persistedQuery'] ?? null) : null;
  if (documentId === null && relayId === null && hash === null) return none;
  const given = { documentId, doc_id: relayId, 'extensions.persistedQuery.sha256Hash': hash };
  return Object.entries(given).flatMap(([name, id]) => {
    const parameter = name as DocumentReference['parameter'];
    if (id === null) return [];
    if (typeof id === 'string') return { parameter, id };
    throw malformedReference(parameter, 'not a string');
  });
}

function readHash(persistedQuery: unknown): unknown {
  if (persistedQuery === null) return null;
  if (!isObject(persistedQuery)) {
    throw badRequest('The parameter extensions.persistedQuery needs to be an object, but is not an object.');
  }
  const { version = 1, sha256Hash = null } = persistedQuery;
  if (version !== 1) {
    const there = typeof version === 'number' ? String(version) : 'not a number';
    throw badRequest(`The parameter extensions.persistedQuery.version needs to be 1, but is ${there}.`);
  }
  if (sha256Hash !== null) return sha256Hash;
  throw malformedReference('extensions.persistedQuery.sha256Hash', 'missing');
}

const forms = {
  documentId: '"sha256:" and 64 hexadecimal digits in lower case',
  doc_id: 'the id of a document in a manifest',
  'extensions.persistedQuery.sha256Hash': '64 hexadecimal digits in lower case',
} as const satisfies Record<DocumentReference['parameter'], string>;

/** The error for an id that is none; `there` says what is in its place. */
export function malformedReference(parameter: DocumentReference['parameter'], there: string): HttpError {
  return badRequest(`The parameter ${parameter} needs to be ${forms[parameter]}, but is ${there}.`);
}

function needsText(query: unknown): HttpError {
  const there = query === undefined ? 'missing' : 'not a string';
  return badRequest(`The parameter query needs to be a GraphQL document, but is ${there}.`);
}

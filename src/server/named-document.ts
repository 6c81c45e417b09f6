/** Reads which document a request refers to: by its text, by ids of persisted documents, or both. */
import { createHash } from 'node:crypto';
import { isObject } from '../lib/json.ts';
import { badRequest, type HttpError } from './http/http-error.ts';

/** The parameters of a request, unchecked. */
export type OperationRequest = Readonly<Record<string, unknown>>;

/** A "SHA256 hex document identifier" (GraphQL over HTTP, appendix "Persisted Documents"). */
export type DocumentId = `sha256:${string}`;

/** An id of a document in a request. */
export interface DocumentReference {
  /**
   * `documentId` is from GraphQL over HTTP, appendix "Persisted Documents". The persisted-query links of Apollo Client and
   * urql send `sha256Hash`, and Relay sends `doc_id`.
   */
  readonly parameter: 'documentId' | 'doc_id' | 'extensions.persistedQuery.sha256Hash';
  readonly id: string;
}

/** The document of a request: its text, references to it, or both. */
export type NamedDocument =
  | { readonly text: string; readonly references: readonly DocumentReference[] }
  | { readonly text: null; readonly references: readonly [DocumentReference, ...DocumentReference[]] };

/** The id of a document, from its exact text in UTF-8. */
export function documentIdOf(text: string): DocumentId {
  return `sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`;
}

/** Whether a text has the form of such an id. */
export function isDocumentId(id: string): id is DocumentId {
  return /^sha256:[0-9a-f]{64}$/.test(id);
}

const none: readonly DocumentReference[] = [];

/** Throws an HttpError if a parameter has the wrong type, or if there is neither a text nor an id. */
export function readNamedDocument(request: OperationRequest): NamedDocument {
  const { query } = request;
  const references = readReferences(request);
  const [first, ...others] = references;
  if (first === undefined) {
    if (typeof query === 'string') return { text: query, references };
    throw needsText(query);
  }
  // Clients whose types require a query leave it empty (graphql-ws, graphql-sse).
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

/** The document id for a reference that is a hash. */
export function hashIdOf({ parameter, id }: DocumentReference): string {
  return parameter === 'extensions.persistedQuery.sha256Hash' ? `sha256:${id}` : id;
}

/** Throws an HttpError for an id that is not a hash; the ids of Relay need not be. */
export function checkIsHash(reference: DocumentReference): void {
  const { parameter, id } = reference;
  if (parameter === 'doc_id' || isDocumentId(hashIdOf(reference))) return;
  throw malformedReference(parameter, JSON.stringify(shorten(id)));
}

/** Callers choose the length of ids. */
export function shorten(id: string): string {
  return id.slice(0, 100);
}

const forms = {
  documentId: '"sha256:" and 64 hexadecimal digits in lower case',
  doc_id: 'the id of a document in a manifest',
  'extensions.persistedQuery.sha256Hash': '64 hexadecimal digits in lower case',
} as const satisfies Record<DocumentReference['parameter'], string>;

/** The error for a malformed id; `there` says what was found instead. */
function malformedReference(parameter: DocumentReference['parameter'], there: string): HttpError {
  return badRequest(`The parameter ${parameter} needs to be ${forms[parameter]}, but is ${there}.`);
}

function needsText(query: unknown): HttpError {
  const there = query === undefined ? 'missing' : 'not a string';
  return badRequest(`The parameter query needs to be a GraphQL document, but is ${there}.`);
}

/**
 * Which documents may run. Only an `AllowedOperation` is parsed, validated and executed, and only this module creates
 * one. The pipeline checks that every transport has called it.
 */
import {
  checkIsHash,
  documentIdOf,
  hashIdOf,
  isDocumentId,
  readNamedDocument,
  shorten,
  type DocumentId,
  type DocumentReference,
  type OperationRequest,
} from './named-document.ts';
import { badRequest, HttpError } from './http/http-error.ts';

declare const allowed: unique symbol;
/** An operation that may be parsed, validated and run. Only this module creates one. */
export interface AllowedOperation {
  /** The text of the document, even if the request has only its id. */
  readonly query: string;
  /** The parameters of the request, with the document as `query`, without an id and without an empty operation name. */
  readonly parameters: OperationRequest;
  /** Computed on first use unless known: hashing a KB of text takes some microseconds. */
  readonly documentId: DocumentId;
  readonly [allowed]: true;
}

/** Allows an operation, or throws an HttpError. */
export type Allow = (request: OperationRequest) => AllowedOperation;

/** A document of the allowlist. Ids are unique. */
export interface AllowedDocument {
  readonly documentId: DocumentId;
  readonly text: string;
  /** Its ids in a manifest. They need not be hashes. */
  readonly keys?: readonly string[];
}

/** The documents of pages that the service itself serves, found by id or exact text; created for the first request. */
export type OwnDocuments = () => readonly AllowedDocument[];

/**
 * Allows these documents, requested by id or exact text, or any text if the list is null; and the documents of the
 * service's own pages. Queries, subscriptions and introspection follow the same rules.
 */
export function allowlist(allowed: readonly AllowedDocument[] | null, own: OwnDocuments = () => []): Allow {
  const ownById = new OwnById(() => new Map(own().map((document) => [document.documentId, document])));
  if (allowed === null) return (request) => allowAny(request, ownById);
  const allow = allowListed(allowed);
  return (request) => {
    const document = findOwn(request, ownById);
    return document === null ? allow(request) : makeAllowed(request, document);
  };
}

/** A map that is created on first use. */
class OwnById {
  readonly #make: () => ReadonlyMap<DocumentId, AllowedDocument>;
  #documents: ReadonlyMap<DocumentId, AllowedDocument> | null = null;

  constructor(make: () => ReadonlyMap<DocumentId, AllowedDocument>) {
    this.#make = make;
  }

  get(id: DocumentId): AllowedDocument | null {
    this.#documents ??= this.#make();
    return this.#documents.get(id) ?? null;
  }
}

/** The service's own document for a request that has only its documentId or only its exact text. */
function findOwn(request: OperationRequest, ownById: OwnById): AllowedDocument | null {
  const { text, references } = readNamedDocument(request);
  const [reference, ...others] = references;
  if (text === null) {
    const isOneId = others.length === 0 && reference?.parameter === 'documentId';
    return isOneId && isDocumentId(reference.id) ? ownById.get(reference.id) : null;
  }
  if (reference !== undefined) return null;
  const document = ownById.get(documentIdOf(text));
  return document?.text === text ? document : null;
}

function allowAny(request: OperationRequest, ownById: OwnById): AllowedOperation {
  const { text, references } = readNamedDocument(request);
  if (text !== null && references.length === 0) return makeAllowed(request, { text, documentId: null });
  if (text !== null) {
    const documentId = documentIdOf(text);
    for (const reference of references) {
      if (reference.parameter === 'doc_id') throw noManifest();
      checkIsHash(reference);
      if (hashIdOf(reference) !== documentId) throw notOfText(reference, documentId);
    }
    return makeAllowed(request, { text, documentId });
  }
  const document = findOwn(request, ownById);
  if (document !== null) return makeAllowed(request, document);
  for (const reference of references) {
    // Apollo Client's and urql's links recognise this message or this code, and then send the text.
    if (reference.parameter !== 'documentId') {
      throw new HttpError('PERSISTED_QUERY_NOT_SUPPORTED', 'PersistedQueryNotSupported');
    }
    checkIsHash(reference);
  }
  throw notFound(
    'This service has no persisted documents: send the text of the document as query.',
    references[0],
  );
}

function allowListed(allowed: readonly AllowedDocument[]): Allow {
  const byDocumentId = new Map<string, AllowedDocument>(
    allowed.map((document) => [document.documentId, document]),
  );
  const byKey = new Map<string, AllowedDocument>(
    allowed.flatMap((document) => (document.keys ?? []).map((key) => [key, document] as const)),
  );
  // By text and not by hash: texts that differ in an unpaired surrogate have the same UTF-8.
  const byText = new Map<string, AllowedDocument>(allowed.map((document) => [document.text, document]));
  const find = (reference: DocumentReference): AllowedDocument | undefined => {
    const named = byKey.get(reference.id);
    if (named !== undefined || reference.parameter === 'doc_id') return named;
    // Keys of GraphQL Code Generator begin with "sha256:", which some links omit.
    const hashId = hashIdOf(reference);
    return byKey.get(hashId) ?? byDocumentId.get(hashId);
  };
  // Without keys, an id is a hash.
  const check = byKey.size === 0 ? checkIsHash : () => undefined;
  return (request) => {
    const { text, references } = readNamedDocument(request);
    if (text === null) return makeAllowed(request, findOne(references, { find, check }));
    for (const reference of references) {
      const found = find(reference);
      if (found === undefined) check(reference);
      const documentId = documentIdOf(text);
      const isHash = found === undefined && reference.parameter !== 'doc_id';
      const isOfText = isHash ? hashIdOf(reference) === documentId : found?.text === text;
      if (!isOfText) throw notOfText(reference, documentId);
    }
    const document = byText.get(text);
    if (document !== undefined) return makeAllowed(request, document);
    const [reference] = references;
    throw reference === undefined ? notAllowed(text) : notListed(reference);
  };
}

/** The document that all references refer to. */
function findOne(
  references: readonly [DocumentReference, ...DocumentReference[]],
  {
    find,
    check,
  }: {
    readonly find: (reference: DocumentReference) => AllowedDocument | undefined;
    readonly check: (reference: DocumentReference) => void;
  },
): AllowedDocument {
  const [document, ...others] = references.map((reference) => {
    const found = find(reference);
    if (found !== undefined) return found;
    check(reference);
    throw notListed(reference);
  }) as [AllowedDocument, ...AllowedDocument[]];
  if (others.every((other) => other === document)) return document;
  throw badRequest('The ids of a request need to name the same document, but these name several.');
}

function makeAllowed(
  request: OperationRequest,
  { text, documentId }: { text: string; documentId: DocumentId | null },
): AllowedOperation {
  const { documentId: _, doc_id: __, ...rest } = request;
  const parameters: Record<string, unknown> = { ...rest, query: text };
  // Clients send an empty name for none (GraphQL over HTTP, 5.2); no operation can have it.
  if (parameters['operationName'] === '') delete parameters['operationName'];
  const operation: OperationToAllow = new Operation(text, { parameters, documentId });
  return operation as AllowedOperation;
}

type OperationToAllow = Omit<AllowedOperation, typeof allowed>;

/** A class, because V8 keeps a hidden class for each object literal with a getter. */
class Operation implements OperationToAllow {
  readonly query: string;
  readonly parameters: OperationRequest;
  #documentId: DocumentId | null;

  constructor(
    query: string,
    {
      parameters,
      documentId,
    }: { readonly parameters: OperationRequest; readonly documentId: DocumentId | null },
  ) {
    this.query = query;
    this.parameters = parameters;
    this.#documentId = documentId;
  }

  get documentId(): DocumentId {
    this.#documentId ??= documentIdOf(this.query);
    return this.#documentId;
  }
}

function notAllowed(text: string): HttpError {
  const message =
    'This service answers only listed operations, and this document is not listed: send the exact text of one, or ' +
    'its documentId.';
  const facts = { documentId: documentIdOf(text) };
  return new HttpError('OPERATION_NOT_ALLOWED', message, { facts });
}

function notListed(reference: DocumentReference): HttpError {
  return notFound(
    'This service answers only listed operations, and no listed document has this id: use another id, or have the ' +
      'document added to the list.',
    reference,
  );
}

function notFound(message: string, { id }: DocumentReference): HttpError {
  const facts = { documentId: shorten(id) };
  return new HttpError('PERSISTED_DOCUMENT_NOT_FOUND', message, { facts });
}

function notOfText({ parameter }: DocumentReference, actual: DocumentId): HttpError {
  return badRequest(
    `The parameters query and ${parameter} need to name the same document, but the id of the text is ${actual}.`,
  );
}

function noManifest(): HttpError {
  return badRequest(
    'The parameter doc_id names a document of a manifest, but this service has none: send query without it.',
  );
}

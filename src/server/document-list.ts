/** Reads files with documents, and manifests written by client tools, into an allowlist. */
import { GraphQLError, Kind, parse, Source, validate, type GraphQLSchema } from 'graphql';
import { messageOf } from '../errors.ts';
import { excerpt, isObject } from '../lib/json.ts';
import type { AllowedDocument } from './allowlist.ts';
import { documentIdOf, isDocumentId } from './named-document.ts';
import { documentRules } from '../execution/document-rules.ts';

/** The content of a file. */
export interface DocumentFile {
  /** Its name within its folder. */
  readonly file: string;
  /** Its path in messages. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** A document from a file, with its operations. */
export interface ListedDocument extends AllowedDocument {
  readonly file: string;
  readonly operations: readonly {
    readonly name: string | null;
    readonly type: 'query' | 'mutation' | 'subscription';
  }[];
}

/** Documents and problems. Each problem begins with its place; with problems, the documents are incomplete. */
export interface DocumentList {
  readonly documents: readonly ListedDocument[];
  readonly problems: readonly string[];
}

/**
 * Checks that each file is a document in UTF-8 that is valid against the schema. Its text is the whole file except a
 * byte order mark, which editors write and clients do not send.
 */
export function listDocuments(files: readonly DocumentFile[], schema: GraphQLSchema): DocumentList {
  const documents: ListedDocument[] = [];
  const problems: string[] = [];
  for (const { file, path, bytes } of files) {
    try {
      const { document, mistakes } = check(decode(bytes), schema);
      problems.push(...mistakes.map((error) => describe(error, path)));
      documents.push({ file, ...document });
    } catch (thrown) {
      problems.push(describe(thrown, path));
    }
  }
  return { documents, problems };
}

/** Checks that a file is a manifest of documents that are valid against the schema, with unique ids. */
export function listManifest({ file, path, bytes }: DocumentFile, schema: GraphQLSchema): DocumentList {
  const documents: ListedDocument[] = [];
  const problems: string[] = [];
  try {
    for (const [text, keys] of keysOfTexts(decode(bytes), (problem) =>
      problems.push(`${path}: ${problem}`),
    )) {
      const place = `${path}: ${JSON.stringify(keys[0])}`;
      try {
        const { document, mistakes } = check(text, schema);
        problems.push(...mistakes.map((error) => describe(error, place)));
        documents.push({ file, ...document, keys });
      } catch (thrown) {
        problems.push(describe(thrown, place));
      }
    }
  } catch (thrown) {
    problems.push(describe(thrown, path));
  }
  return { documents, problems };
}

/** The keys of each text of a manifest. */
function keysOfTexts(json: string, onProblem: (problem: string) => void): Map<string, string[]> {
  const textOfId = new Map<string, string>();
  const keysOfText = new Map<string, string[]>();
  for (const { key, text } of readManifest(json)) {
    const name = JSON.stringify(key);
    if (key === '') onProblem(`${name} is empty, but a document needs an id.`);
    for (const id of new Set([withHashName(key), documentIdOf(text)])) {
      const known = textOfId.get(id) ?? text;
      textOfId.set(id, known);
      if (known !== text) onProblem(`${name}: Two documents have the id ${JSON.stringify(id)}.`);
    }
    const keys = keysOfText.get(text) ?? [];
    if (!keys.includes(key)) keysOfText.set(text, [...keys, key]);
  }
  return keysOfText;
}

/** Requests may send the hash of a document with or without the name of the algorithm. */
function withHashName(key: string): string {
  return isDocumentId(`sha256:${key}`) ? `sha256:${key}` : key;
}

/** Throws a GraphQLError if the text is not a document. */
function check(
  text: string,
  schema: GraphQLSchema,
): { readonly document: Omit<ListedDocument, 'file'>; readonly mistakes: readonly GraphQLError[] } {
  const parsed = parse(text);
  const mistakes = validate(schema, parsed, documentRules);
  const operations = parsed.definitions
    .filter((node) => node.kind === Kind.OPERATION_DEFINITION)
    .map(({ name, operation }) => ({ name: name?.value ?? null, type: operation }));
  return { document: { documentId: documentIdOf(text), text, operations }, mistakes };
}

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);
const utf8 = { ignoreBOM: true };

/** Throws a GraphQLError with the position of the first byte that is not UTF-8. */
function decode(file: Uint8Array): string {
  const bytes = Buffer.from(file);
  const content = bytes.subarray(0, 3).equals(byteOrderMark) ? bytes.subarray(3) : bytes;
  const text = new TextDecoder('utf-8', utf8).decode(content);
  // Invalid bytes are decoded as U+FFFD, whose bytes differ.
  const again = Buffer.from(text);
  if (again.equals(content)) return text;
  const end = content.findIndex((byte, n) => byte !== again[n]);
  // Decoding as a stream omits an incomplete character at the end.
  const before = new TextDecoder('utf-8', utf8).decode(content.subarray(0, end), { stream: true });
  throw new GraphQLError('This is not UTF-8.', { source: new Source(before), positions: [before.length] });
}

function describe(thrown: unknown, path: string): string {
  const place = thrown instanceof GraphQLError ? thrown.locations?.[0] : undefined;
  const start = place === undefined ? path : `${path}:${place.line}:${place.column}`;
  // graphql-js walks documents recursively.
  const isTooDeep = thrown instanceof RangeError;
  return `${start}: ${isTooDeep ? 'This is nested too deeply to be read.' : messageOf(thrown)}`;
}

/** A document of a manifest. */
interface ManifestEntry {
  /** What clients send instead of the text. It need not be a hash of the text. */
  readonly key: string;
  readonly text: string;
}

/**
 * The documents of a manifest, in order. Manifests of GraphQL Code Generator (client-preset, `persistedDocuments`), gql.tada
 * (`generate-persisted`) and Relay (`persistConfig.file`) are objects that map ids to texts; those of Apollo
 * (`generate-persisted-query-manifest`) have a list of operations. Throws an Error that says what is wrong.
 */
function readManifest(json: string): readonly ManifestEntry[] {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (thrown) {
    throw new Error(`This is not JSON: ${messageOf(thrown)}.`, { cause: thrown });
  }
  if (!isObject(value)) throw new Error(`${needed}, but is ${nameOf(value)}.`);
  if (Array.isArray(value['operations'])) return readApollo(value, value['operations']);
  const other = Object.entries(value).find(([, text]) => typeof text !== 'string');
  if (other !== undefined) throw new Error(`${needed}, but ${quote(other[0])} is ${nameOf(other[1])}.`);
  return readTexts(json);
}

const needed =
  'This needs to be a manifest of GraphQL Code Generator, gql.tada or Relay, an object of texts by their ids, or of ' +
  'Apollo, with "format": "apollo-persisted-query-manifest"';

const apolloFormat = 'apollo-persisted-query-manifest';

function readApollo(
  { format, version }: Readonly<Record<string, unknown>>,
  operations: readonly unknown[],
): readonly ManifestEntry[] {
  if (format !== apolloFormat) throw new Error(`${needed}, but the format is ${nameOf(format)}.`);
  if (version !== 1) throw new Error(`The version of the manifest needs to be 1, but is ${nameOf(version)}.`);
  const entries: ManifestEntry[] = [];
  for (const [index, operation] of operations.entries()) {
    const { id, body } = isObject(operation) ? operation : {};
    if (typeof id !== 'string' || typeof body !== 'string') {
      throw new Error(`operations[${index}] needs an id and a body that are strings.`);
    }
    entries.push({ key: id, text: body });
  }
  return entries;
}

/** The strings of the JSON, alternately a key and a text: JSON.parse would keep only the last text of a duplicate key. */
function readTexts(json: string): readonly ManifestEntry[] {
  const strings = Array.from(
    json.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"/g),
    ([token]) => JSON.parse(token) as string,
  );
  const entries: ManifestEntry[] = [];
  for (let index = 0; index < strings.length; index += 2) {
    entries.push({ key: strings[index] ?? '', text: strings[index + 1] ?? '' });
  }
  return entries;
}

function nameOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return 'an array';
  if (isObject(value)) return 'an object';
  return typeof value === 'string' ? quote(value) : JSON.stringify(value);
}

function quote(text: string): string {
  return JSON.stringify(excerpt(text, 100));
}

/** Reads files with documents into an allowlist. */
import { GraphQLError, Kind, parse, Source, validate, type GraphQLSchema } from 'graphql';
import { messageOf } from '../errors.ts';
import { documentIdOf, type AllowedDocument } from './allowlist.ts';
import { documentRules } from './document-store.ts';

/** A file as it was read. */
export interface DocumentFile {
  /** Its name within its folder. */
  readonly file: string;
  /** Its path in messages. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** A document of a file, with its operations. */
export interface ListedDocument extends AllowedDocument {
  readonly file: string;
  readonly operations: readonly {
    readonly name: string | null;
    readonly type: 'query' | 'mutation' | 'subscription';
  }[];
}

/**
 * Checks that each file is a document in UTF-8 that is valid against the schema. Its text is the whole file but a byte
 * order mark, which editors write and clients do not send. Each problem begins with file, line and column; the documents
 * are complete only without problems.
 */
export function listDocuments(
  files: readonly DocumentFile[],
  schema: GraphQLSchema,
): { readonly documents: readonly ListedDocument[]; readonly problems: readonly string[] } {
  const documents: ListedDocument[] = [];
  const problems: string[] = [];
  for (const { file, path, bytes } of files) {
    try {
      const text = decode(bytes);
      const document = parse(text);
      problems.push(...validate(schema, document, documentRules).map((error) => describe(error, path)));
      const operations = document.definitions
        .filter((node) => node.kind === Kind.OPERATION_DEFINITION)
        .map(({ name, operation }) => ({ name: name?.value ?? null, type: operation }));
      documents.push({ file, documentId: documentIdOf(text), text, operations });
    } catch (thrown) {
      problems.push(describe(thrown, path));
    }
  }
  return { documents, problems };
}

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);
const utf8 = { ignoreBOM: true };

/** Throws a GraphQLError with the place where the file stops being UTF-8. */
function decode(file: Uint8Array): string {
  const bytes = Buffer.from(file);
  const content = bytes.subarray(0, 3).equals(byteOrderMark) ? bytes.subarray(3) : bytes;
  const text = new TextDecoder('utf-8', utf8).decode(content);
  // What cannot be decoded becomes U+FFFD, whose bytes differ.
  const again = Buffer.from(text);
  if (again.equals(content)) return text;
  const end = content.findIndex((byte, n) => byte !== again[n]);
  // As a stream, which leaves out half a character at the end.
  const before = new TextDecoder('utf-8', utf8).decode(content.subarray(0, end), { stream: true });
  throw new GraphQLError('This is not UTF-8.', { source: new Source(before), positions: [before.length] });
}

function describe(thrown: unknown, path: string): string {
  const place = thrown instanceof GraphQLError ? thrown.locations?.[0] : undefined;
  const start = place === undefined ? path : `${path}:${place.line}:${place.column}`;
  // graphql-js walks documents by recursion.
  const isTooDeep = thrown instanceof RangeError;
  return `${start}: ${isTooDeep ? 'This is nested too deeply to be read.' : messageOf(thrown)}`;
}

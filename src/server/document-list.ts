/** Files with documents become a list of what may be asked for, or all that is wrong with them. */
import { getLocation, GraphQLError, Kind, parse, Source, validate } from 'graphql';
import type { DocumentNode, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import { messageOf } from '../errors.ts';
import type { AllowedDocument } from './allowlist.ts';
import { documentIdOf } from './document-id.ts';
import { documentRules } from './document-store.ts';

/** A file as it was read. */
export interface DocumentFile {
  /** Its name within its folder. */
  readonly file: string;
  /** As a person finds it, for what is said of it. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** A document of a file, with the operations that stand in it. */
export interface ListedDocument extends AllowedDocument {
  readonly file: string;
  readonly operations: readonly ListedOperation[];
}

/** One operation of a document. */
export interface ListedOperation {
  /** null where it has none. */
  readonly name: string | null;
  readonly type: 'query' | 'mutation' | 'subscription';
}

/** What came of the files: `documents` are all of them only where there are no problems. */
export interface DocumentList {
  readonly documents: readonly ListedDocument[];
  /** Each a sentence that begins with the file, the line and the column. */
  readonly problems: readonly string[];
}

/**
 * Checks that each file is a document in UTF-8 that is valid against the schema. The text of a document is the
 * whole of its file, its last newline too, but without a byte order mark: editors put it there, and clients do not send it.
 */
export function listDocuments(files: readonly DocumentFile[], schema: GraphQLSchema): DocumentList {
  const documents: ListedDocument[] = [];
  const problems: string[] = [];
  for (const file of files) {
    const text = decode(file.bytes);
    if (typeof text !== 'string') {
      problems.push(`${file.path}:${text.line}:${text.column}: This is not UTF-8.`);
      continue;
    }
    try {
      const document = parse(text);
      problems.push(...validate(schema, document, documentRules).map((error) => describe(error, file.path)));
      documents.push({
        file: file.file,
        documentId: documentIdOf(text),
        text,
        operations: operationsOf(document).map(({ name, operation }) => ({
          name: name?.value ?? null,
          type: operation,
        })),
      });
    } catch (thrown) {
      problems.push(describe(thrown, file.path));
    }
  }
  return { documents, problems };
}

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);
const utf8 = { ignoreBOM: true };

/** The text, or where it stops being one. */
function decode(file: Uint8Array): string | { readonly line: number; readonly column: number } {
  const bytes = Buffer.from(file);
  const content = bytes.subarray(0, 3).equals(byteOrderMark) ? bytes.subarray(3) : bytes;
  const text = new TextDecoder('utf-8', utf8).decode(content);
  // What could not be decoded has become U+FFFD, and so is another byte now.
  const again = Buffer.from(text);
  if (again.equals(content)) return text;
  const end = content.findIndex((byte, n) => byte !== again[n]);
  // As a stream, so that half a character at the end counts for nothing.
  const before = new TextDecoder('utf-8', utf8).decode(content.subarray(0, end), { stream: true });
  return getLocation(new Source(before), before.length);
}

function describe(thrown: unknown, path: string): string {
  const place = thrown instanceof GraphQLError ? thrown.locations?.[0] : undefined;
  const start = place === undefined ? path : `${path}:${place.line}:${place.column}`;
  // graphql-js walks documents by recursion.
  const isTooDeep = thrown instanceof RangeError;
  return `${start}: ${isTooDeep ? 'This is nested too deeply to be read.' : messageOf(thrown)}`;
}

function operationsOf({ definitions }: DocumentNode): readonly OperationDefinitionNode[] {
  return definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
}

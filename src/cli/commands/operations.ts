/** Allowed documents: a folder of *.graphql files, or a manifest. `hvql operations` prints them with their ids. */
import type { TextStream } from '../command-context.ts';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { UsageError } from '../../errors.ts';
import { createSchema } from '../../graph/schema.ts';
import {
  listDocuments,
  listManifest,
  type DocumentFile,
  type DocumentList,
  type ListedDocument,
} from '../../server/document-list.ts';
import { bodyLimitInBytes } from '../../server/operation-reader.ts';
import { systemErrorReason } from '../../lib/system-error.ts';

/** What to print. */
export interface OperationsOptions {
  /** Path of the folder, or of the manifest. */
  readonly folder: string;
}

/**
 * Prints the ids of the documents that a service with `--operations` for this folder or manifest allows. Rejects with the
 * same UsageError as such a service.
 */
export async function printOperations(
  { folder }: OperationsOptions,
  { stdout }: { readonly stdout: TextStream },
): Promise<number> {
  const documents = await openOperations(folder);
  const operations = documents.map(({ documentId, keys, file, operations: names, text }) => ({
    documentId,
    ...(keys === undefined ? {} : { keys }),
    file,
    operations: names,
    document: text,
  }));
  stdout.write(`${JSON.stringify({ format: 'hvql-operations', version: 1, operations }, null, 2)}\n`);
  return 0;
}

/** The graph for which documents are validated. */
type Schema = ReturnType<typeof createSchema>;

const ending = '.graphql';
/** The maximum size of a manifest: thousands of documents. */
const manifestLimitInBytes = 64 * 1_048_576;

/**
 * The documents of a folder in the order of file names, without sub-folders, or of a manifest in its order. Rejects with a
 * UsageError with all problems of the folder and its files, or of the manifest.
 */
export async function openOperations(
  path: string,
  schema = createSchema(),
): Promise<readonly ListedDocument[]> {
  const { documents, problems } = (await isFolder(path))
    ? await openFolder(path, schema)
    : await openManifest(path, schema);
  if (problems.length > 0) throw new UsageError(problems);
  return documents;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (thrown) {
    throw new UsageError([`The operations ${path} cannot be read: ${systemErrorReason(thrown)}.`]);
  }
}

async function openFolder(folder: string, schema: Schema): Promise<DocumentList> {
  const reads = await Promise.all(
    (await namesOf(folder)).map((file) => {
      const path = join(folder, file);
      return readDocumentFile({ file, path }, { bytes: bodyLimitInBytes, of: 'document' });
    }),
  );
  const files = reads.filter((read): read is DocumentFile => typeof read !== 'string');
  const unreadable = reads.filter((read) => typeof read === 'string');
  const { documents, problems } = listDocuments(files, schema);
  return { documents, problems: [...unreadable, ...problems] };
}

async function openManifest(path: string, schema: Schema): Promise<DocumentList> {
  const limit = { bytes: manifestLimitInBytes, of: 'manifest' };
  const file = await readDocumentFile({ file: basename(path), path }, limit);
  if (typeof file === 'string') return { documents: [], problems: [file] };
  const list = listManifest(file, schema);
  if (list.documents.length > 0 || list.problems.length > 0) return list;
  return {
    documents: [],
    problems: [`${path}: A manifest needs documents to allow, but this one has none.`],
  };
}

async function namesOf(folder: string): Promise<readonly string[]> {
  let names: readonly string[];
  try {
    names = await readdir(folder);
  } catch (thrown) {
    throw new UsageError([`The folder ${folder} cannot be read: ${systemErrorReason(thrown)}.`]);
  }
  const files = names.filter((name) => name.endsWith(ending)).sort();
  if (files.length > 0) return files;
  throw new UsageError([`The folder ${folder} needs documents to allow, but has no file named *${ending}.`]);
}

/** The file, or the problem with it. */
async function readDocumentFile(
  { file, path }: Omit<DocumentFile, 'bytes'>,
  limit: { readonly bytes: number; readonly of: string },
): Promise<DocumentFile | string> {
  try {
    const state = await stat(path);
    // Reading a pipe, for example, could block indefinitely.
    if (!state.isFile()) return `${path} is not a file.`;
    if (state.size > limit.bytes) {
      return `${path} has ${state.size} bytes, but the maximum for a ${limit.of} is ${limit.bytes}.`;
    }
    return { file, path, bytes: await readFile(path) };
  } catch (thrown) {
    return `${path} cannot be read: ${systemErrorReason(thrown)}.`;
  }
}

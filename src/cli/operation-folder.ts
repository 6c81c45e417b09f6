/** A folder of documents that may be asked for: one a file, named *.graphql. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../errors.ts';
import { createSchema } from '../graph/schema.ts';
import { listDocuments, type DocumentFile, type ListedDocument } from '../server/document-list.ts';
import { bodyLimitInBytes } from '../server/operation-reader.ts';
import { systemErrorReason } from '../source/page-folder/file-system.ts';

const ending = '.graphql';

/**
 * The documents of a folder in the order of their files' names; what is below it in other folders is none. Rejects with a
 * UsageError that says all that is wrong with the folder and its files.
 */
export async function openOperationFolder(folder: string): Promise<readonly ListedDocument[]> {
  const reads = await Promise.all((await namesOf(folder)).map((file) => readDocumentFile(folder, file)));
  const files = reads.filter((read): read is DocumentFile => typeof read !== 'string');
  const unreadable = reads.filter((read) => typeof read === 'string');
  const { documents, problems } = listDocuments(files, createSchema());
  if (unreadable.length + problems.length > 0) throw new UsageError([...unreadable, ...problems]);
  return documents;
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

/** The file, or what is wrong with it. */
async function readDocumentFile(folder: string, file: string): Promise<DocumentFile | string> {
  const path = join(folder, file);
  try {
    const state = await stat(path);
    // A pipe, say, could keep the program waiting for ever.
    if (!state.isFile()) return `${path}: This is not a file.`;
    if (state.size > bodyLimitInBytes) {
      return `${path}: This has ${state.size} bytes, but no document needs more than ${bodyLimitInBytes}.`;
    }
    return { file, path, bytes: await readFile(path) };
  } catch (thrown) {
    return `${path}: This cannot be read: ${systemErrorReason(thrown)}.`;
  }
}

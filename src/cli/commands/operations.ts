/** `hvql operations`: prints the documents of a folder or manifest with their ids, for those who build clients. */
import type { TextStream } from '../command-context.ts';
import { openOperations } from './operation-list.ts';

/** Of what to print the manifest. */
export interface OperationsOptions {
  /** Path of the folder, or of the manifest. */
  readonly folder: string;
}

/**
 * Prints the ids under which a service with `--operations` of this folder or manifest answers its documents. Rejects with the same
 * UsageError as such a service.
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

/** `hvql operations`: prints the manifest of a folder of operations, for those who build clients. */
import type { TextStream } from './command-world.ts';
import { openOperationFolder } from './operation-folder.ts';

/** Of what to print the manifest. */
export interface OperationsOptions {
  /** Path of the folder. */
  readonly folder: string;
}

/**
 * Prints the ids under which a service with `--operations` of this folder answers its documents. Rejects with the same
 * UsageError as such a service.
 */
export async function printOperations(
  { folder }: OperationsOptions,
  { stdout }: { readonly stdout: TextStream },
): Promise<number> {
  const documents = await openOperationFolder(folder);
  const operations = documents.map(({ documentId, file, operations: names, text }) => ({
    documentId,
    file,
    operations: names,
    document: text,
  }));
  stdout.write(`${JSON.stringify({ format: 'hvql-operations', version: 1, operations }, null, 2)}\n`);
  return 0;
}

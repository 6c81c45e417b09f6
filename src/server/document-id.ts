/** How a document is named without its text (GraphQL over HTTP, appendix "Persisted Documents"). */
import { createHash } from 'node:crypto';

/** "sha256:" and 64 lower-case hexadecimal digits: a "SHA256 hex document identifier". */
export type DocumentId = `sha256:${string}`;

/** The id of a document: it is that of its exact text in UTF-8, so a blank more makes another one. */
export function documentIdOf(text: string): DocumentId {
  return `sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`;
}

/** Whether it is written as such an id. */
export function isDocumentId(value: unknown): value is DocumentId {
  return typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value);
}

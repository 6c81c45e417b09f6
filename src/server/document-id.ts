/** The id of a document, as GraphQL over HTTP has it for persisted documents (appendix, "SHA256 hex document identifier"). */
import { createHash } from 'node:crypto';

/** "sha256:" and the SHA-256 of the text in UTF-8 in hexadecimal digits. */
export function documentIdOf(text: string): string {
  return `sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`;
}

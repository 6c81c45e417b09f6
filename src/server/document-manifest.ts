/** Manifests of persisted documents, as the tools of clients write them. */
import { messageOf } from '../errors.ts';
import { excerpt, isObject } from '../lib/json.ts';

/** A document of a manifest. */
export interface ManifestEntry {
  /** What clients send in its place. Tools make it as they like: it need not be a hash of the text. */
  readonly key: string;
  readonly text: string;
}

/**
 * The documents of a manifest in their order. Of GraphQL Code Generator (client-preset, `persistedDocuments`), gql.tada
 * (`generate-persisted`) and Relay (`persistConfig.file`): an object of texts by their ids. Of Apollo
 * (`generate-persisted-query-manifest`): a list of operations. Throws an Error that says what is wrong with it.
 */
export function readManifest(json: string): readonly ManifestEntry[] {
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

/** By the strings of the JSON text, a key and a text by turns: JSON.parse keeps only the last text of a key. */
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

/** Files of the package other than code. */
import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import type { ListedDocument } from '../server/document-list.ts';
import { fileURLToPath } from 'node:url';

/** Both here and in dist, the root of the package is two folders up. */
const root = new URL('../../', import.meta.url);

/** The folder with the files of the dashboard, which are built. */
export const dashboardFolder = fileURLToPath(new URL('dist/dashboard/', root));

/** The version in package.json. */
export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { version: string };
  return version;
}

/** The example operations in a folder of the package, by file name, each with the comment in its first line. */
export async function exampleOperations(
  place = 'schema/operations/',
): Promise<{ name: string; query: string }[]> {
  const folder = new URL(place, root);
  const files = (await readdir(folder)).filter((file) => file.endsWith('.graphql')).sort();
  return Promise.all(
    files.map(async (file) => {
      const query = await readFile(new URL(file, folder), 'utf8');
      return { name: query.slice(0, query.indexOf('\n')).replace(/^# /, ''), query };
    }),
  );
}

/** Allowed documents for the tabs of GraphiQL: one per file, or per operation of a manifest. */
export function tabsOf(documents: readonly ListedDocument[]): { name: string; query: string }[] {
  return documents.map(({ file, keys, operations: [first], text }) => ({
    name: keys === undefined ? file : (first?.name ?? file),
    query: text,
  }));
}

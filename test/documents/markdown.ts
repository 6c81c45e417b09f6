/** The documents of the project: their code blocks, links and headings. */
import { readdirSync, readFileSync } from 'node:fs';

const folders = ['', 'docs/', 'packaging/', 'schema/'];

/** The paths of all documents that people read, from the project's folder. */
export const documents: readonly string[] = folders.flatMap((folder) =>
  readdirSync(`./${folder}`)
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}${name}`),
);

/** A code block of a document. */
export interface CodeBlock {
  readonly document: string;
  /** The line of its fence, from 1 on. */
  readonly line: number;
  /** The first word behind the fence; empty for none. */
  readonly language: string;
  /** The second word: the name that the reader gives the file; null for a block that has none. */
  readonly file: string | null;
  readonly text: string;
}

/** The code blocks of a document, in its order. */
export function blocksOf(document: string): readonly CodeBlock[] {
  const text = readFileSync(document, 'utf8');
  return [...text.matchAll(/^```(\S*)(?: (\S+))?\n([^]*?)^```$/gm)].map((match) => {
    const [, language = '', file = null, content = ''] = match;
    return { document, line: lineAt(text, match.index), language, file, text: content };
  });
}

/** The texts of a document's blocks of a language. Throws an Error where the document has no such block. */
export function textsOf(document: string, language: string): readonly string[] {
  const texts = blocksOf(document)
    .filter((block) => block.language === language)
    .map(({ text }) => text);
  if (texts.length === 0) throw new Error(`${document} has no block of ${language}`);
  return texts;
}

/** A document without its code blocks; lines keep their numbers. */
export function proseOf(document: string): string {
  return readFileSync(document, 'utf8').replaceAll(/^```[^]*?^```$/gm, (block) =>
    '\n'.repeat(block.split('\n').length - 1),
  );
}

/** The targets of a document's links to other documents and files, with their fragments. */
export function linksOf(document: string): readonly string[] {
  return [...proseOf(document).matchAll(/\]\((?!\w+:)([^)\s]+)\)/g)].map(([, target = '']) => target);
}

/** The fragments that a document's headings have, as GitHub makes them. */
export function anchorsOf(document: string): readonly string[] {
  return [...proseOf(document).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

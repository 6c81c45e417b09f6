/** PowerShell that no machine of the tests can run: at least it can be parsed. */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Language, Parser, type Node, type Tree } from '@vscode/tree-sitter-wasm';
import { beforeAll, describe, expect, it } from 'vitest';

const scripts = filesIn('src', '.ps1').map((file) => ({ name: file, text: readFileSync(file, 'utf8') }));
const blocks = ['README.md', ...filesIn('docs', '.md'), ...filesIn('packaging', '.md')].flatMap((file) =>
  [...readFileSync(file, 'utf8').matchAll(/^```powershell\n([^]*?)^```$/gm)].map(([, text = ''], index) => ({
    name: `${file}, block ${index + 1}`,
    text,
  })),
);

function filesIn(folder: string, ending: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending))
    .map((file) => join(folder, file));
}

let parser: Parser;
beforeAll(async () => {
  const folder = dirname(createRequire(import.meta.url).resolve('@vscode/tree-sitter-wasm'));
  await Parser.init({ locateFile: (file: string) => join(folder, file) });
  parser = new Parser();
  parser.setLanguage(await Language.load(readFileSync(join(folder, 'tree-sitter-powershell.wasm'))));
});

/** Where a text is no PowerShell: "line 3: }". */
function mistakes(text: string): string[] {
  const tree = parser.parse(text) as Tree;
  const found: string[] = [];
  const visit = (node: Node): void => {
    if (node.isError || node.isMissing)
      found.push(`line ${node.startPosition.row + 1}: ${node.text.trim() || `no ${node.type}`}`);
    else for (const child of node.children) if (child !== null) visit(child);
  };
  visit(tree.rootNode);
  tree.delete();
  return found;
}

describe('the PowerShell code', () => {
  it('is in the script of the source "windows" and in the instructions for the Windows service', () => {
    expect(scripts).toHaveLength(1);
    expect(blocks.length).toBeGreaterThanOrEqual(4);
  });

  it.each([...scripts, ...blocks])('parses: $name', ({ text }) => {
    expect(mistakes(text)).toEqual([]);
  });

  it.each([
    ['a brace that is not closed', 'function f { if ($true) { 1 }', 'line 1: no }'],
    ['a parenthesis too many', '$a = 1\n$b = (2))\n', 'line 2: )'],
  ])('is rejected by this parser with %s', (_what, text, mistake) => {
    expect(mistakes(text)).toEqual([mistake]);
  });

  it('is rejected by this parser if any line of the script that opens or closes a block is missing', () => {
    const lines = scripts[0]?.text.split('\n') ?? [];
    const opensOrCloses = /^(?:\s*\}\s*|[^}]*\{\s*)$/;
    const blockLines = lines.flatMap((line, index) => (opensOrCloses.test(line) ? [index] : []));
    expect(blockLines.length).toBeGreaterThan(10);
    for (const lost of blockLines)
      expect(mistakes(lines.filter((_line, index) => index !== lost).join('\n')), lines[lost]).not.toEqual(
        [],
      );
  });
});

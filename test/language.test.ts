import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** Expressions of an older style of this project, in place of which it uses standard terms and plain English. */
const replaced = [
  'whoever',
  'whomever',
  'whatever',
  'nobody',
  'somebody',
  'anybody',
  'everybody',
  'anew',
  'once more',
  'in vain',
  'lately',
  'lest',
  'save for',
  'as it were',
  'but for',
  'for want of',
  'by turns',
  'very same',
  'as (?:it|they) comes?',
  'is none',
  'needed (?:is|are)',
  'are none',
  '(?:is|are|be|was|were|been|being) told',
  'told (?:of|so)',
  '(?:says?|said) so',
  '(?:was|were|is|what was) said',
  'who asks?',
  'who asked',
  'askers?',
  'those who',
  'came of',
  'so many',
  'so long',
  'goes on',
  'nonsense',
  'strangers?',
  '(?:a|the|one|each|this|that|same|first|next|last|no|every|shared|two|of|its) looks?',
  'sights?',
  'hears?',
  'doors?',
  'doorkeeper',
  'houses?',
  'outbox',
  'patience',
  'pulse',
  'crew',
];

const root = fileURLToPath(new URL('..', import.meta.url));

/** Not searched: recorded data, the schema as it was released, and the two files that list what is replaced. */
const excluded =
  /^test\/(fixtures\/|schema\/released\.graphql|(?:language|naming)\.test\.ts)|\/(node_modules|generated|result)\//;

function filesBelow(path: string): string[] {
  const files = readdirSync(join(root, path), { recursive: true, encoding: 'utf8' });
  return files.map((file) => `${path}/${file}`);
}

const files = ['src', 'test', 'schema', 'docs']
  .flatMap(filesBelow)
  .concat('README.md', 'CHANGELOG.md')
  .filter((file) => /\.(ts|js|mjs|ps1|md|graphql)$/.test(file) && !excluded.test(file));

/** The texts of the files; line breaks within a comment or a paragraph are spaces, as many characters as before. */
const texts = files.map((file) => {
  const text = readFileSync(join(root, file), 'utf8');
  return {
    file,
    text: text.replace(/\n[ \t]*(\*(?!\/)|\/\/|#)?[ \t]*/g, (lineBreak) => ' '.repeat(lineBreak.length)),
  };
});

/** Where an expression occurs: file, line and some characters around it. */
function placesOf(expression: string): string[] {
  const pattern = new RegExp(`\\b(?:${expression.replaceAll(' ', ' +')})\\b`, 'gi');
  return texts.flatMap(({ file, text }) =>
    [...text.matchAll(pattern)].map(({ index }) => {
      const line = readFileSync(join(root, file), 'utf8').slice(0, index).split('\n').length;
      const around = text.slice(Math.max(0, index - 30), index + 40).replace(/ +/g, ' ');
      return `${file}:${line}: …${around}…`;
    }),
  );
}

describe('the text of sources, tests, schema and documents', () => {
  it.each(replaced)('has no "%s"', (expression) => {
    expect(placesOf(expression)).toEqual([]);
  });
});

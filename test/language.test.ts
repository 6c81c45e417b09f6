import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/**
 * Expressions of an older style of this project that standard terms and plain English have replaced, and how many of
 * each are left. A number may become smaller, never larger. With 0 the test prints the places that are left.
 */
const replaced: Record<string, number> = {
  whoever: 92,
  whomever: 0,
  whatever: 105,
  nobody: 171,
  somebody: 40,
  anybody: 17,
  everybody: 15,
  anew: 101,
  'once more': 10,
  'in vain': 5,
  lately: 29,
  lest: 0,
  'save for': 0,
  'as it were': 0,
  'but for': 19,
  'for want of': 1,
  'by turns': 16,
  'very same': 21,
  'as (?:it|they) comes?': 17,
  'is none': 101,
  'are none': 20,
  '(?:is|are|be|was|were|been|being) told': 129,
  'told (?:of|so)': 37,
  '(?:says?|said) so': 32,
  '(?:was|were|is|what was) said': 17,
  'who asks?': 60,
  'who asked': 7,
  'askers?': 89,
  'those who': 44,
  'came of': 17,
  'so many': 85,
  'so long': 24,
  'goes on': 50,
  nonsense: 11,
  'strangers?': 34,
  '(?:a|the|one|each|this|that|same|first|next|last|no|every|shared|two|of|its) looks?': 203,
  'sights?': 184,
  'hears?': 23,
  'doors?': 93,
  doorkeeper: 19,
  'houses?': 0,
  outbox: 22,
  patience: 33,
  pulse: 1,
  crew: 10,
};

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
  it.each(Object.entries(replaced))('has no new "%s"', (expression, most) => {
    const places = placesOf(expression);
    expect(places.length <= most ? [] : places).toEqual([]);
  });
});

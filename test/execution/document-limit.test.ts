import { getIntrospectionQuery, parse } from 'graphql';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { documentProblem, textProblem } from '../../src/execution/document-limit.ts';
import { testLimits } from '../ask.ts';

const limits = { maxTokens: 12, maxDepth: 3, maxAliases: 2, maxNameLength: 3, maxDirectives: 2 };
const problemOf = (text: string) => {
  const problem = documentProblem(parse(text), limits);
  return problem && { message: problem.message, ...problem.extensions };
};

function manyOf(count: number, text: (n: number) => string): string {
  return Array.from({ length: count }, (_, n) => text(n)).join(' ');
}

describe('the text of a document', () => {
  it('is rejected above the limit on tokens', () => {
    expect(textProblem('{ a a a a a a a a a a }', limits)).toBeNull();
    expect(textProblem('{ a a a a a a a a a a } # a comment has no tokens', limits)).toBeNull();
    expect(textProblem('{ a a a a a a a a a a a }', limits)).toMatchObject({
      message: 'The document has more than 12 tokens, which is the maximum: use several operations.',
      extensions: { code: 'LIMIT_EXCEEDED', limit: 12, actual: 13 },
    });
  });

  it('is rejected above the limit on the length of names', () => {
    expect(textProblem('{ abc: b }', limits)).toBeNull();
    expect(textProblem('{ b(c: "a text may be longer") }', limits)).toBeNull();
    expect(textProblem('{ abcd: b }', limits)).toMatchObject({
      message:
        'The document has a name of 4 characters, but at most 3 are allowed: an alias is repeated in the response for each value.',
      extensions: { code: 'LIMIT_EXCEEDED', limit: 3, actual: 4 },
    });
  });

  it('is passed to the parser if it has a syntax error', () => {
    expect(textProblem('{ a "', limits)).toBeNull();
    expect(textProblem('\u0000', limits)).toBeNull();
  });
});

describe('an operation', () => {
  it.each([
    ['{ a { b { c } } }', null],
    ['{ a { b { c { d } } } }', 4],
    ['{ a { ... { ...f } } } fragment f on T { b { ... on U { c { d } } } }', 4],
    ['{ x } query B { a { b { c { d { e } } } } }', 5],
  ])('is rejected above the limit on depth, with fragments expanded: %s', (text, actual) => {
    expect(problemOf(text)).toEqual(
      actual && {
        message: `The operation is ${actual} fields deep, but at most 3 are allowed: start at a lower object, with node or partition.`,
        code: 'LIMIT_EXCEEDED',
        limit: 3,
        actual,
      },
    );
  });

  it.each([
    ['{ x: a y: b }', null],
    ['{ x: a y: b z: c }', 3],
    ['{ a { ...f } b { ...f } c { ...f } } fragment f on T { x: a }', 3],
    ['{ ...a ...a } fragment a on T { ...b ...b } fragment b on T { ...c ...c } fragment c on T { x: a }', 8],
  ])('is rejected above the limit on aliases: %s', (text, actual) => {
    expect(problemOf(text)).toEqual(
      actual && {
        message: `The operation has ${actual} aliases, but at most 2 are allowed: use lists, or several operations.`,
        code: 'LIMIT_EXCEEDED',
        limit: 2,
        actual,
      },
    );
  });

  it.each([
    ['{ a @skip(if: true) b @skip(if: true) }', null],
    ['query @a @a @a { b }', 3],
    ['{ a @x ... @x { b @x @x } }', 4],
    ['query ($v: Int @x @x @x) { a }', 3],
    ['{ ...f } fragment f on T @x @x @x { a }', 3],
    ['{ ...f @x ...f @x } fragment f on T { a @x }', 4],
  ])('is rejected above the limit on directives: %s', (text, actual) => {
    expect(problemOf(text)).toEqual(
      actual && {
        message: `The operation has ${actual} directives, but at most 2 are allowed: put them on fragments.`,
        code: 'LIMIT_EXCEEDED',
        limit: 2,
        actual,
      },
    );
  });

  it('is measured quickly if fragments spread each other thirty times', () => {
    const fragments = Array.from(
      { length: 30 },
      (_, n) => `fragment f${n} on T { ...f${n + 1} ...f${n + 1} }`,
    );
    expect(problemOf(`{ ...f0 } ${fragments.join(' ')} fragment f30 on T { x: a }`)).toMatchObject({
      actual: 2 ** 30,
    });
  });

  it('is passed to validation if a fragment spreads itself', () => {
    expect(problemOf('{ ...f } fragment f on T { a { ...g } } fragment g on T { b { ...f } }')).toBeNull();
  });

  it.each([
    ['one field', `{ ${'a '.repeat(600)} }`],
    ['one field with fields', `{ ${'a { b c } '.repeat(600)} }`],
    ['fields of merged fields', `{ ${`a { ${'b { c } '.repeat(25)} } `.repeat(25)} }`],
    ['inline fragments', `{ ${'... { a } '.repeat(600)} }`],
    [
      'fragments',
      `{ ${manyOf(600, (n) => `...f${n}`)} } ${manyOf(600, (n) => `fragment f${n} on T { a${n} }`)}`,
    ],
    [
      'fragments within each other',
      `{ ...f0 } ${manyOf(600, (n) => `fragment f${n} on T { a ...f${n + 1} }`)} fragment f600 on T { a }`,
    ],
    ['fragments that no operation spreads', `{ a } fragment f on T { ${'a '.repeat(600)} }`],
    [
      'fragments that double each other',
      `{ ...f0 } ${manyOf(14, (n) => `fragment f${n} on T { a { ...f${n + 1} } b { ...f${n + 1} } }`)} fragment f14 on T { ${manyOf(40, (n) => `a${n}`)} }`,
    ],
  ])('is rejected before validation if that would take long, as with repeated %s', (_what, text) => {
    const roomy = { ...testLimits, maxDepth: 100 };
    expect(documentProblem(parse(text), roomy)).toMatchObject({
      message:
        'The document repeats fields or fragments so often that validation would compare more than 125000 pairs of fields: select each field once.',
      extensions: { code: 'LIMIT_EXCEEDED', limit: 125_000 },
    });
  });

  it('is passed to validation if a hundred fragments spread each other in a circle', () => {
    const fragments = manyOf(100, (n) => `fragment f${n} on T { a ...f${(n + 1) % 100} }`);
    expect(documentProblem(parse(`{ ...f0 } ${fragments}`), testLimits)).toBeNull();
  });

  it('may repeat fields as the fragments of client libraries do', () => {
    const fields = manyOf(20, (n) => `f${n}`);
    const fragments = manyOf(50, (n) => `fragment g${n} on T { ${fields} }`);
    const text = `{ a { ${manyOf(50, (n) => `...g${n}`)} } ${manyOf(190, (n) => `a${n}: a { ...g0 }`)} } ${fragments}`;
    expect(documentProblem(parse(text), testLimits)).toBeNull();
  });
});

it('document limits allow the introspection query of clients and every example operation', () => {
  const folder = new URL('../../schema/operations/', import.meta.url);
  const examples = readdirSync(folder).map((file) => readFileSync(new URL(file, folder), 'utf8'));
  const introspection = getIntrospectionQuery({
    schemaDescription: true,
    specifiedByUrl: true,
    directiveIsRepeatable: true,
    inputValueDeprecation: true,
    oneOf: true,
  });
  expect(examples.length).toBeGreaterThan(9);
  for (const text of [introspection, ...examples]) {
    expect(textProblem(text, testLimits)).toBeNull();
    expect(documentProblem(parse(text), testLimits)).toBeNull();
  }
});

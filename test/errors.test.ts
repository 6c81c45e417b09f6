import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CloseCode } from 'graphql-ws';
import { describe, expect, it } from 'vitest';
import { codeTable, HvqlError, withoutStacks } from '../src/errors.ts';

const src = fileURLToPath(new URL('../src/', import.meta.url));

describe('the table of error codes', () => {
  it('contains every code that the source code uses', () => {
    const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    );
    const codes = files.flatMap((file) =>
      [...readFileSync(`${src}${file}`, 'utf8').matchAll(errorCode)].map(([, code = '']) => code),
    );
    expect(codes).toContain('GRAPHQL_PARSE_FAILED');
    expect(codes.filter((code) => !(code in codeTable))).toEqual([]);
  });

  it('contains the close codes of graphql-transport-ws', () => {
    const closeCodes = Object.entries(codeTable).flatMap(([code, { closeCode }]) =>
      closeCode === undefined ? [] : [[code, closeCode] as const],
    );
    expect(Object.fromEntries(closeCodes)).toEqual({
      UNAUTHENTICATED: CloseCode.Unauthorized,
      // Try again later (IANA, WebSocket Close Code Number Registry): clients of graphql-ws do.
      IDENTITY_UNAVAILABLE: 1013,
      INTERNAL_SERVER_ERROR: CloseCode.InternalServerError,
    });
  });
});

/** A code in a constructor, in `withCode`, or in the extensions of a GraphQLError. */
const errorCode = /(?:new (?:Hvql|Http)Error\(\s*|withCode\(\w+, |extensions: \{ code: )'([A-Z][A-Z_]+)'/g;

describe('an HvqlError', () => {
  it('has no stack trace, and does not remove those of other errors', () => {
    const before = Error.stackTraceLimit;
    expect(new HvqlError('INVALID_PARAMETER', 'no').stack).not.toContain('\n');
    expect(Error.stackTraceLimit).toBe(before);
    expect(new Error('bug').stack).toContain('errors.test.ts');
  });

  it('does not remove those of other errors, even if the function that creates it throws', () => {
    const fail = (): never => {
      throw new Error('bug');
    };
    const before = Error.stackTraceLimit;
    expect(() => withoutStacks(fail)).toThrow('bug');
    expect(Error.stackTraceLimit).toBe(before);
  });
});

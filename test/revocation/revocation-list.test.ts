import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/errors.ts';
import { parseRevocationList } from '../../src/revocation/revocation-list.ts';

const digits = 'ab'.repeat(32);
const spelled = Array.from({ length: 32 }, () => 'AB').join(':');

describe('a list of revoked credentials', () => {
  it('contains tokens, subjects and certificates, each of which is optional', () => {
    const text = JSON.stringify({ jti: ['a', 'a'], sub: ['b'], fingerprints: [spelled] });
    expect(parseRevocationList(`\ufeff${text}`, 'list')).toEqual({
      tokenIds: new Set(['a']),
      subjects: new Set(['b']),
      fingerprints: new Set([digits]),
    });
    const none = { tokenIds: new Set(), subjects: new Set(), fingerprints: new Set() };
    expect(parseRevocationList('{}', 'list')).toEqual(none);
  });

  it.each([
    ['', [/^list is not valid JSON: /]],
    ['[]', [/^list needs to be a JSON object such as \{"jti": /]],
    ['{"jtis":[]}', [/^list has "jtis", which is not known: the lists are jti, sub, fingerprints\.$/]],
    ['{"sub":"x"}', [/^list: sub needs an array of strings, but is "x"\.$/]],
    [
      '{"jti":["a",5,""],"fingerprints":["ab"]}',
      [
        /^list: jti\[1\] needs the jti of a token as a string, but is 5\.$/,
        /^list: jti\[2\] needs the jti of a token as a string, but is ""\.$/,
        /^list: fingerprints\[0\] needs a SHA-256 fingerprint of 64 hex digits, but is "ab"\.$/,
      ],
    ],
  ])('with the text %j is refused, with all of its problems', (text, problems) => {
    let thrown: unknown;
    try {
      parseRevocationList(text, 'list');
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(UsageError);
    const found = (thrown as UsageError).problems;
    expect(found).toEqual(problems.map((problem) => expect.stringMatching(problem) as string));
  });
});

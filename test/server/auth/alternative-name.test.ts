import { describe, expect, it } from 'vitest';
import { readAlternativeNames } from '../../../src/server/auth/client-certificate.ts';

describe('the alternative names of a certificate', () => {
  it('are read one by one', () => {
    expect(readAlternativeNames('DNS:a.example, IP Address:0:0:0:0:0:0:0:1, URI:hvql://partition/5')).toEqual(
      [
        { kind: 'DNS', value: 'a.example' },
        { kind: 'IP Address', value: '0:0:0:0:0:0:0:1' },
        { kind: 'URI', value: 'hvql://partition/5' },
      ],
    );
  });

  it('may be none', () => {
    expect(readAlternativeNames('')).toEqual([]);
  });

  it.each([
    ['URI:"hvql://partition/1\\u002c URI:hvql://partition/2"', 'hvql://partition/1, URI:hvql://partition/2'],
    ['URI:"hvql://partition/1, URI:hvql://partition/2"', 'hvql://partition/1, URI:hvql://partition/2'],
    ['URI:"a\\", URI:hvql://partition/1, URI:\\""', 'a", URI:hvql://partition/1, URI:"'],
  ])('in quotes are one name each: %s', (text, value) => {
    expect(readAlternativeNames(text)).toEqual([{ kind: 'URI', value }]);
  });

  it.each([
    'URI',
    'URI:"a',
    'URI:"a" , URI:b',
    'URI:a,URI:b',
    'URI:a"b"',
    'URI:"\\x"',
    'URI:"a"b',
    ', URI:a',
    'URI:a\\, URI:b',
  ])('in another form are not guessed at: %s', (text) => {
    expect(readAlternativeNames(text)).toBeNull();
  });
});

import { describe, expect, it } from 'vitest';
import { readAlternativeNames } from '../../../src/server/auth/client-certificate.ts';

describe('the subject alternative names of a certificate', () => {
  it('are parsed one by one', () => {
    expect(readAlternativeNames('DNS:a.example, IP Address:0:0:0:0:0:0:0:1, URI:hvql://partition/5')).toEqual(
      [
        { kind: 'DNS', value: 'a.example' },
        { kind: 'IP Address', value: '0:0:0:0:0:0:0:1' },
        { kind: 'URI', value: 'hvql://partition/5' },
      ],
    );
  });

  it('may be empty', () => {
    expect(readAlternativeNames('')).toEqual([]);
  });

  it.each([
    ['URI:"hvql://partition/1\\u002c URI:hvql://partition/2"', 'hvql://partition/1, URI:hvql://partition/2'],
    ['URI:"hvql://partition/1, URI:hvql://partition/2"', 'hvql://partition/1, URI:hvql://partition/2'],
    ['URI:"a\\", URI:hvql://partition/1, URI:\\""', 'a", URI:hvql://partition/1, URI:"'],
  ])('are parsed as one name if they are quoted: %s', (text, value) => {
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
  ])('are rejected in any other form: %s', (text) => {
    expect(readAlternativeNames(text)).toBeNull();
  });
});
